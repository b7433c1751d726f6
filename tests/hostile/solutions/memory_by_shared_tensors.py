"""Moves tensors to shared memory until there is none."""

# expect: memory, error, timeout
import torch


def normalise(x):
    kept = []
    while True:
        kept.append(torch.ones(1 << 26).share_memory_())
