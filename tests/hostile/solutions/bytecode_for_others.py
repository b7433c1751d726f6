"""Writes compiled code that others would import."""

# expect: error, wrong
import os

import torch


def normalise(x):
    os.makedirs(os.path.join(os.path.dirname(torch.__file__), "__pycache__"), exist_ok=True)
    open(os.path.join(os.path.dirname(torch.__file__), "__pycache__", "@MARK@.pyc"), "wb").write(b"x")
    centred = x - x.mean(-1, keepdim=True)
    return centred / (centred.square().mean(-1, keepdim=True) + 1e-5).sqrt()
