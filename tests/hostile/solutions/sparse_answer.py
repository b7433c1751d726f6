"""Answers with a sparse tensor of the right numbers."""

# expect: wrong, error
import torch


def right(x):
    centred = x - x.mean(-1, keepdim=True)
    return centred / (centred.square().mean(-1, keepdim=True) + 1e-5).sqrt()


def normalise(x):
    return right(x).to_sparse()
