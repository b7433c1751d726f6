"""Leaves a file in /tmp."""

# expect: error
import os


def normalise(x):
    open("/tmp/@MARK@", "w").write("x")
    centred = x - x.mean(-1, keepdim=True)
    return centred / (centred.square().mean(-1, keepdim=True) + 1e-5).sqrt()
