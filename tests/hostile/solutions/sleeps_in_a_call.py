"""Waits for ever in a call and uses no CPU time."""

# expect: timeout
import time


def normalise(x):
    time.sleep(10**6)
