"""Leaves a file outside its own folder."""

# expect: error
import os


def normalise(x):
    open("@OUTSIDE@/left", "w").write("x")
    centred = x - x.mean(-1, keepdim=True)
    return centred / (centred.square().mean(-1, keepdim=True) + 1e-5).sqrt()
