"""torch's ctc_loss, wrapped where the contract differs from it: its gradients, impossible samples, entries of -inf."""

import torch
import torch.nn.functional as F
from torch import nn


def ctc_loss(log_probs, targets, input_lengths, target_lengths, blank=0, reduction="mean", zero_infinity=False):
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(reduction)
    finite = log_probs.clamp(min=-1e7)  # torch's backward gives nan at -inf; what costs 1e7 counts as impossible
    padding = torch.arange(targets.shape[1], device=targets.device) >= target_lengths[:, None]
    labels = targets.masked_fill(padding, (blank + 1) % log_probs.shape[2])
    losses = F.ctc_loss(finite, labels, input_lengths, target_lengths, blank, "none", zero_infinity=True)
    exact = F.ctc_loss(finite.detach(), labels, input_lengths, target_lengths, blank, "none")
    impossible = exact > 1e6
    # torch returns the gradient for the logits below a log_softmax, exp(log_probs) too large for log_probs themselves.
    heard = torch.arange(len(log_probs), device=targets.device)[:, None] < input_lengths
    surplus = finite.detach().exp() * (finite - finite.detach()) * heard[..., None]
    losses = (losses - surplus.sum((0, 2))).masked_fill(impossible, 0.0 if zero_infinity else torch.inf)
    if reduction == "mean":
        losses = losses / target_lengths.clamp(min=1)
    return {"none": losses, "mean": losses.mean(), "sum": losses.sum()}[reduction]


class SpeechRecognizer(nn.Module):
    def __init__(self, num_features, hidden_dim, vocab_size):
        super().__init__()
        self.layers = nn.LSTM(num_features, hidden_dim, batch_first=True)
        self.out = nn.Linear(hidden_dim, vocab_size)

    def forward(self, features, lengths):
        return self.out(self.layers(features)[0]).log_softmax(2).transpose(0, 1), lengths
