"""Forks without end."""

# expect: error: PermissionError, error: BlockingIOError, crashed, memory, timeout
import os


def normalise(x):
    while True:
        os.fork()
    centred = x - x.mean(-1, keepdim=True)
    return centred / (centred.square().mean(-1, keepdim=True) + 1e-5).sqrt()
