"""Hopes that memory which is not initialised holds the right answer."""

# expect: wrong
import torch


def normalise(x):
    return torch.empty_like(x)
