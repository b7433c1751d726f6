"""Reaches a forbidden function by torch._C."""

# expect: forbidden, error
import torch


def normalise(x):
    return torch._C._VariableFunctions.layer_norm(x, x.shape[-1:])
