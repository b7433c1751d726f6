"""A string of 100 GB."""


# expect: memory
def normalise(x):
    return "x" * 10**11
