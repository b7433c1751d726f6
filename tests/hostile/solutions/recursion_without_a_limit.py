"""Raises Python's limit of recursion, then calls itself without end."""

# expect: crashed, error, memory, timeout
import sys

sys.setrecursionlimit(10**9)


def normalise(x):
    return normalise(x)
