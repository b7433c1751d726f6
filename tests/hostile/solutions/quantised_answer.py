"""Answers with a quantised tensor."""

# expect: wrong, error
import torch


def normalise(x):
    return torch.quantize_per_tensor(x.detach().float(), 0.1, 0, torch.qint8)
