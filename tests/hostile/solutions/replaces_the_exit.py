"""Replaces os._exit and sys.exit, so that the worker cannot end, and answers nothing right."""

# expect: wrong
import os
import sys

os._exit = sys.exit = lambda *status: None


def normalise(x):
    return x
