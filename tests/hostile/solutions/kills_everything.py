"""Kills every process that it may."""

# expect: crashed, error
import os
import signal


def normalise(x):
    os.kill(-1, signal.SIGKILL)
    centred = x - x.mean(-1, keepdim=True)
    return centred / (centred.square().mean(-1, keepdim=True) + 1e-5).sqrt()
