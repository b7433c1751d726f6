"""Calls abort, as an assertion in C does."""

# expect: crashed: SIGABRT
import os


def normalise(x):
    os.abort()
