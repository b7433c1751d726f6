"""Reaches a forbidden function by the dictionary of its module."""

# expect: forbidden, error
import torch


def normalise(x):
    return vars(torch)["layer" + "_norm"](x, x.shape[-1:])
