"""Reaches a forbidden function by getattr and an assembled name."""

# expect: forbidden, error
import torch


def normalise(x):
    return getattr(torch, "layer" + "_norm")(x, x.shape[-1:])
