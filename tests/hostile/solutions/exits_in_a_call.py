"""Ends with status 0 in a call."""

# expect: crashed
import os


def normalise(x):
    os._exit(0)
