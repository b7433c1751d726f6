"""Puts a pipe in place of the channel."""

# expect: crashed, error, timeout
import os


def normalise(x):
    reading, writing = os.pipe()
    os.dup2(writing, 3)
    return x
