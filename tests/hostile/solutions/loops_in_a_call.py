"""Loops for ever in a call."""


# expect: timeout: of CPU time
def normalise(x):
    while True:
        pass
