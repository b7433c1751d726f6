"""Leaves shared memory for a later submission."""

# expect: error
from multiprocessing import shared_memory


def normalise(x):
    shared_memory.SharedMemory("@MARK@", create=True, size=64)
    centred = x - x.mean(-1, keepdim=True)
    return centred / (centred.square().mean(-1, keepdim=True) + 1e-5).sqrt()
