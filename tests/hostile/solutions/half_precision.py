"""Computes in half precision, which is faster and not right."""

# expect: wrong
import torch


def normalise(x):
    x = x.bfloat16()
    centred = x - x.mean(-1, keepdim=True)
    return (centred / (centred.square().mean(-1, keepdim=True) + 1e-5).sqrt()).float()
