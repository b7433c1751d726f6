"""Asks for tensors until there is no memory."""

# expect: memory, timeout
import torch


def normalise(x):
    kept = []
    while True:
        kept.append(torch.ones(1 << 26))
