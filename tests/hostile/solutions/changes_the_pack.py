"""Writes its own reference over the right one."""

# expect: error
import os


def normalise(x):
    open("@PACK@/reference/normalise/solution.py", "w").write("def normalise(x): return x")
    centred = x - x.mean(-1, keepdim=True)
    return centred / (centred.square().mean(-1, keepdim=True) + 1e-5).sqrt()
