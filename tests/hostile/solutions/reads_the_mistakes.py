"""Looks for what is wrong in the known mistakes."""

# expect: error
import os


def normalise(x):
    os.listdir("@PACK@/problems/normalise/mistakes")
    centred = x - x.mean(-1, keepdim=True)
    return centred / (centred.square().mean(-1, keepdim=True) + 1e-5).sqrt()
