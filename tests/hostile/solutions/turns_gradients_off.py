"""Turns gradients off for the whole process; every check turns them on."""

# expect: passed
import torch

torch.set_grad_enabled(False)


def normalise(x):
    centred = x - x.mean(-1, keepdim=True)
    return centred / (centred.square().mean(-1, keepdim=True) + 1e-5).sqrt()
