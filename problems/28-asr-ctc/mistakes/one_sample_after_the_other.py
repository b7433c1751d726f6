"""You loop over samples and labels in Python.

Each state of each frame costs a few calls of torch, a hundred times what one vectorised step needs. Only the loop over
time is necessary: the states and the batch are dimensions of a tensor.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence


def log_sum_exp(terms: Tensor) -> Tensor:
    """Over dim 0. Where all terms are -inf: -inf with gradient 0 (torch.logsumexp has nan there, from inf - inf)."""
    largest = terms.detach().amax(0)
    largest = largest.masked_fill(largest == -math.inf, 0.0)
    total = (terms - largest).exp().sum(0)
    empty = total == 0
    return (total.masked_fill(empty, 1.0).log() + largest).masked_fill(empty, -math.inf)


def one_sample(log_probs, labels, blank):
    """The loss of one utterance, state by state."""
    states = [blank]
    for label in labels:
        states += [label, blank]
    alpha = [log_probs[0, state] if index < 2 else None for index, state in enumerate(states)]
    for t in range(1, len(log_probs)):
        arrived = []
        for index, state in enumerate(states):
            terms = [alpha[index]]
            if index > 0:
                terms.append(alpha[index - 1])
            if index > 1 and state not in (blank, states[index - 2]):
                terms.append(alpha[index - 2])
            terms = [term for term in terms if term is not None]
            arrived.append(log_sum_exp(torch.stack(terms)) + log_probs[t, state] if terms else None)
        alpha = arrived
    ends = [term for term in alpha[-2:] if term is not None]
    return -log_sum_exp(torch.stack(ends)) if ends else log_probs.new_tensor(math.inf)


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
    losses = torch.stack(
        [
            one_sample(log_probs[:frames, row], targets[row, :count].tolist(), blank)
            for row, (frames, count) in enumerate(zip(input_lengths.tolist(), target_lengths.tolist(), strict=True))
        ]
    )
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
