"""Writes to stderr without end."""

# expect: output-limit, timeout
import os


def normalise(x):
    while True:
        os.write(2, b"x" * 1000)
