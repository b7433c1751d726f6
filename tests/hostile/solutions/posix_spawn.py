"""Starts a program by posix_spawn."""

# expect: error
import os


def normalise(x):
    os.posix_spawn("/bin/true", ["true"], {})
    centred = x - x.mean(-1, keepdim=True)
    return centred / (centred.square().mean(-1, keepdim=True) + 1e-5).sqrt()
