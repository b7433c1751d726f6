"""Sends zeros through the channel without end."""

# expect: crashed, error, timeout, output-limit, wrong
import os


def normalise(x):
    while True:
        os.write(3, bytes(1 << 16))
