"""Stops the judge with SIGSTOP."""

# expect: error
import os
import signal


def normalise(x):
    os.kill(int("@JUDGE@"), signal.SIGSTOP)
    centred = x - x.mean(-1, keepdim=True)
    return centred / (centred.square().mean(-1, keepdim=True) + 1e-5).sqrt()
