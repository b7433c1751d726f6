"""Moves its root folder."""

# expect: error
import os


def normalise(x):
    os.chroot(".")
    centred = x - x.mean(-1, keepdim=True)
    return centred / (centred.square().mean(-1, keepdim=True) + 1e-5).sqrt()
