"""Calls itself without end."""


# expect: error: RecursionError
def normalise(x):
    return normalise(x)
