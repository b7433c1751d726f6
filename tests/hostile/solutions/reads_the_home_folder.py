"""Looks into the home folder of who judges."""

# expect: error, wrong
import os


def normalise(x):
    if not os.listdir("@HOME@"):
        raise PermissionError("the home folder is empty")
    centred = x - x.mean(-1, keepdim=True)
    return centred / (centred.square().mean(-1, keepdim=True) + 1e-5).sqrt()
