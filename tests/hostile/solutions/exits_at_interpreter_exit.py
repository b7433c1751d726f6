"""An exit handler sets the status to 0; the answers are wrong all the same."""

# expect: wrong
import atexit
import os

atexit.register(os._exit, 0)


def normalise(x):
    return x
