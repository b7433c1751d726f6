"""Kills its process group."""

# expect: crashed, error
import os
import signal


def normalise(x):
    os.killpg(0, signal.SIGKILL)
    centred = x - x.mean(-1, keepdim=True)
    return centred / (centred.square().mean(-1, keepdim=True) + 1e-5).sqrt()
