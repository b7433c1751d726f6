"""Closes all descriptors, the channel as well."""

# expect: crashed, error
import os


def normalise(x):
    os.closerange(0, 100)
    return x
