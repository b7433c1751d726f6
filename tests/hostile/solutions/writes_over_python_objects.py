"""Writes over the small integers of Python with ctypes."""

# expect: crashed, error, wrong, timeout
import ctypes


def normalise(x):
    for number in range(2, 200):
        ctypes.memset(id(number), 255, 24)
    return x
