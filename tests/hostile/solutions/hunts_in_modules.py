"""Looks for another normalise in all modules."""

# expect: error, wrong
import sys


def normalise(x):
    for name, module in list(sys.modules.items()):
        other = getattr(module, "normalise", None)
        if other is not None and getattr(other, "__globals__", None) is not globals():
            return other(x)
    return x
