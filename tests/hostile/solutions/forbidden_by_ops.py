"""Reaches a forbidden function by torch.ops."""

# expect: forbidden, error
import torch


def normalise(x):
    return torch.ops.aten.layer_norm(x, x.shape[-1:], None, None, 1e-5)
