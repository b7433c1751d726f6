"""Removes what it finds."""

# expect: error
import shutil


def normalise(x):
    shutil.rmtree("@OUTSIDE@")
    centred = x - x.mean(-1, keepdim=True)
    return centred / (centred.square().mean(-1, keepdim=True) + 1e-5).sqrt()
