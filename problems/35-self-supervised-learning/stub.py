from collections.abc import Callable, Iterable

import torch
from torch import LongTensor, Tensor, nn


def nt_xent_loss(z1: Tensor, z2: Tensor, temperature: float = 0.5) -> Tensor:
    """NT-Xent: the mean over all 2N vectors of the cross-entropy of finding the other view among the 2N - 1 others.

    z1, z2: (N, D); row i of both are views of one sample. Similarities are cosines divided by the temperature.
    Returns a 0-dim tensor.
    """
    raise NotImplementedError


def mask_tokens(
    tokens: LongTensor,
    mask_id: int,
    vocab_size: int,
    special_ids: Iterable[int],
    p: float = 0.15,
    generator: torch.Generator | None = None,
) -> tuple[LongTensor, LongTensor]:
    """BERT's masking: (inputs, labels), int64 and of the shape of tokens, which may be any.

    Each token that is not in special_ids is chosen with probability p. Of the chosen ones 80 % become mask_id, 10 % a
    token drawn uniformly from all vocab_size ids, 10 % stay. labels: the original token where chosen, -100 elsewhere.
    special_ids: any iterable, possibly empty; mask_id is special only if it is listed. generator: of all draws (None:
    torch's global one).
    """
    raise NotImplementedError


def pretrain(
    encoder: nn.Module,
    make_views: Callable[[], tuple[Tensor, Tensor]],
    steps: int,
    lr: float = 1e-2,
    temperature: float = 0.5,
) -> list[float]:
    """Trains the encoder with NT-Xent and Adam (its defaults but lr).

    make_views: called once a step, returns two views (x1, x2) of a batch; each is encoded in a call of its own.
    encoder: maps them to (N, D); its mode is left alone. Returns one loss a step, from before its update.
    """
    raise NotImplementedError


if __name__ == "__main__":
    z = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    print(nt_xent_loss(z, 2 * z, temperature=1.0))  # expected: ln(1 + 2 / e) = 0.5514
    print(mask_tokens(torch.arange(10).view(2, 5), mask_id=9, vocab_size=10, special_ids=[0, 5], p=0.5))
