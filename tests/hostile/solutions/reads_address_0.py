"""Reads address 0 with ctypes."""

# expect: crashed: SIGSEGV
import ctypes


def normalise(x):
    return ctypes.string_at(0)
