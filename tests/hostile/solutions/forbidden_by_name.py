"""Calls a forbidden function by its name."""

# expect: forbidden, error
import torch


def normalise(x):
    return torch.nn.functional.layer_norm(x, x.shape[-1:])
