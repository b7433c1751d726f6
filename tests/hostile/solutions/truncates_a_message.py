"""Sends the length of a large message and never the message."""

# expect: crashed, error, timeout, output-limit, wrong
import os
import time


def normalise(x):
    os.write(3, (1 << 40).to_bytes(8, "little"))
    time.sleep(100)
