"""Attaches to the judge with ptrace."""

# expect: error
import ctypes


def normalise(x):
    if ctypes.CDLL(None).ptrace(16, int("@JUDGE@"), 0, 0):
        raise PermissionError("ptrace")
    centred = x - x.mean(-1, keepdim=True)
    return centred / (centred.square().mean(-1, keepdim=True) + 1e-5).sqrt()
