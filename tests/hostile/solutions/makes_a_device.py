"""Makes a device file for the whole memory."""

# expect: error
import os
import stat


def normalise(x):
    os.mknod("memory", stat.S_IFCHR | 0o666, os.makedev(1, 1))
    open("memory", "rb").read(1)
    centred = x - x.mean(-1, keepdim=True)
    return centred / (centred.square().mean(-1, keepdim=True) + 1e-5).sqrt()
