"""Becomes root."""

# expect: error
import os


def normalise(x):
    os.setresuid(0, 0, 0)
    open("/etc/shadow")
    centred = x - x.mean(-1, keepdim=True)
    return centred / (centred.square().mean(-1, keepdim=True) + 1e-5).sqrt()
