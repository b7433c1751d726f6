"""You add probabilities and take the logarithm at the end.

The probability of an alignment shrinks with every frame; after some 60 frames it is below the smallest float32, and the
loss is inf. Stay in log space throughout.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence


def log_sum_exp(terms: Tensor) -> Tensor:
    """Over dim 0."""
    total = terms.exp().sum(0)
    empty = total == 0
    return total.masked_fill(empty, 1.0).log().masked_fill(empty, -math.inf)


def ctc_loss(
    log_probs: Tensor,
    targets: Tensor,
    input_lengths: Tensor,
    target_lengths: Tensor,
    blank: int = 0,
    reduction: str = "mean",
    zero_infinity: bool = False,
) -> Tensor:
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(f"reduction is 'none', 'mean' or 'sum', not {reduction!r}")
    steps, batch, _ = log_probs.shape
    length = targets.shape[1]
    padding = torch.arange(length, device=targets.device) >= target_lengths[:, None]  # (B, S)

    # States: blank, first label, blank, second label, ..., blank.  (B, S) -> (B, 2 S + 1)
    states = torch.full((batch, 2 * length + 1), blank, dtype=torch.long, device=targets.device)
    states[:, 1::2] = targets.masked_fill(padding, blank)
    emitted = log_probs.gather(2, states.expand(steps, -1, -1))  # (T, B, V) -> (T, B, 2 S + 1)

    # Two states ahead in one step: only onto a label that differs from the label before it.
    may_skip = torch.zeros_like(states, dtype=torch.bool)
    may_skip[:, 2:] = (states[:, 2:] != blank) & (states[:, 2:] != states[:, :-2])

    start = torch.arange(2 * length + 1, device=targets.device) < 2  # a path starts with a blank or the first label
    alpha = emitted[0].masked_fill(~start, -math.inf)
    for t in range(1, steps):
        before = nn.functional.pad(alpha, (2, 0), value=-math.inf)  # (B, 2 S + 3)
        skipped = before[:, :-2].masked_fill(~may_skip, -math.inf)
        arrived = log_sum_exp(torch.stack([alpha, before[:, 1:-1], skipped])) + emitted[t]
        alpha = torch.where(t < input_lengths[:, None], arrived, alpha)  # ended samples keep their last alpha

    # A path ends in the last label or in the blank behind it; an empty target has only that blank.
    last = 2 * target_lengths[:, None]
    in_blank, in_label = alpha.gather(1, last), alpha.gather(1, (last - 1).clamp(min=0))
    in_label = in_label.masked_fill(last == 0, -math.inf)
    losses = -log_sum_exp(torch.stack([in_blank, in_label])).squeeze(1)  # (B,)

    if zero_infinity:
        losses = losses.masked_fill(losses == math.inf, 0.0)
    if reduction == "mean":
        return (losses / target_lengths.clamp(min=1)).mean()
    return losses.sum() if reduction == "sum" else losses


class SpeechRecognizer(nn.Module):
    def __init__(self, num_features: int, hidden_dim: int, vocab_size: int):
        super().__init__()
        self.encoder = nn.GRU(num_features, hidden_dim, bidirectional=True, batch_first=True)
        self.head = nn.Linear(2 * hidden_dim, vocab_size)

    def forward(self, features: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        # Packed, so that the backward direction starts at each utterance's own end and not in its padding.
        packed = pack_padded_sequence(features, lengths.cpu(), batch_first=True, enforce_sorted=False)
        hidden, _ = pad_packed_sequence(self.encoder(packed)[0], batch_first=True)  # (B, max(lengths), 2 H)
        return self.head(hidden).log_softmax(-1).transpose(0, 1), lengths  # (T', B, V)
