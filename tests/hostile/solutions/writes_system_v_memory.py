"""Leaves a segment of System V shared memory."""

# expect: error
import ctypes


def normalise(x):
    segment = ctypes.CDLL(None).shmget(4711, 4096, 0o1666)
    if segment < 0:
        raise PermissionError("shmget")
    centred = x - x.mean(-1, keepdim=True)
    return centred / (centred.square().mean(-1, keepdim=True) + 1e-5).sqrt()
