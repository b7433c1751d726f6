"""Kills its parent."""

# expect: error, crashed
import os
import signal


def normalise(x):
    os.kill(os.getppid(), signal.SIGKILL)
    centred = x - x.mean(-1, keepdim=True)
    return centred / (centred.square().mean(-1, keepdim=True) + 1e-5).sqrt()
