"""Changes torch for all who come later."""

# expect: error
import torch


def normalise(x):
    open(torch.__file__, "a").write("#")
    centred = x - x.mean(-1, keepdim=True)
    return centred / (centred.square().mean(-1, keepdim=True) + 1e-5).sqrt()
