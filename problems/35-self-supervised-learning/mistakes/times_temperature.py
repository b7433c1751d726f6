"""You multiply by the temperature. Similarities are divided by it: a low temperature makes the softmax sharper, not
flatter."""

import math
from collections.abc import Callable, Iterable

import torch
import torch.nn.functional as F
from torch import LongTensor, Tensor, nn


def nt_xent_loss(z1: Tensor, z2: Tensor, temperature: float = 0.5) -> Tensor:
    z = F.normalize(torch.cat([z1, z2]), dim=1)  # (2N, D)
    logits = z @ z.T * temperature  # (2N, 2N) cosine similarities
    anchors = torch.arange(len(z), device=z.device)
    logits = logits.masked_fill(anchors[:, None] == anchors, -math.inf)  # nobody competes with itself
    return F.cross_entropy(logits, anchors.roll(len(z1)))  # the positive of i is i + N, of i + N it is i


def mask_tokens(
    tokens: LongTensor,
    mask_id: int,
    vocab_size: int,
    special_ids: Iterable[int],
    p: float = 0.15,
    generator: torch.Generator | None = None,
) -> tuple[LongTensor, LongTensor]:
    options = {"generator": generator, "device": tokens.device if generator is None else generator.device}
    choice, kind = torch.rand(2, *tokens.shape, **options).to(tokens.device)
    random_ids = torch.randint(vocab_size, tokens.shape, **options).to(tokens.device)

    special = torch.zeros_like(tokens, dtype=torch.bool)
    for special_id in special_ids:
        special |= tokens == special_id
    chosen = (choice < p) & ~special
    inputs = tokens.masked_fill(chosen & (kind < 0.8), mask_id)
    inputs = torch.where(chosen & (kind >= 0.9), random_ids, inputs)
    return inputs, tokens.masked_fill(~chosen, -100)


def pretrain(
    encoder: nn.Module,
    make_views: Callable[[], tuple[Tensor, Tensor]],
    steps: int,
    lr: float = 1e-2,
    temperature: float = 0.5,
) -> list[float]:
    optimizer = torch.optim.Adam(encoder.parameters(), lr=lr)
    losses = []
    for _ in range(steps):
        x1, x2 = make_views()
        loss = nt_xent_loss(encoder(x1), encoder(x2), temperature)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses
