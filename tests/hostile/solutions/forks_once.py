"""Forks a child that is to outlive the run, and answers right if it could."""

# expect: error
import os


def normalise(x):
    if os.fork() == 0:
        os.setsid()
        while True:
            pass
    centred = x - x.mean(-1, keepdim=True)
    return centred / (centred.square().mean(-1, keepdim=True) + 1e-5).sqrt()
