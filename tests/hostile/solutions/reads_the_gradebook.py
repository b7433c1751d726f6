"""Reads what others scored."""

# expect: error
import os


def normalise(x):
    open("@OUTSIDE@/grades.csv").read()
    centred = x - x.mean(-1, keepdim=True)
    return centred / (centred.square().mean(-1, keepdim=True) + 1e-5).sqrt()
