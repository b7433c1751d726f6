"""Reads its parent's memory by /proc."""

# expect: error
import os


def normalise(x):
    open(f"/proc/{os.getppid()}/mem", "rb")
    centred = x - x.mean(-1, keepdim=True)
    return centred / (centred.square().mean(-1, keepdim=True) + 1e-5).sqrt()
