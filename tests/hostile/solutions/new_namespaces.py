"""Makes namespaces of its own, in which it would be root."""

# expect: error
import ctypes


def normalise(x):
    if ctypes.CDLL(None).unshare(0x10000000):
        raise PermissionError("unshare")
    centred = x - x.mean(-1, keepdim=True)
    return centred / (centred.square().mean(-1, keepdim=True) + 1e-5).sqrt()
