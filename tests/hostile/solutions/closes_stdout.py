"""Closes what it prints to."""

# expect: error, wrong
import os
import sys


def normalise(x):
    sys.stdout.close()
    os.close(1)
    os.close(2)
    return x
