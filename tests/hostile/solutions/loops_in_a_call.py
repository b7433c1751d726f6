"""Loops for ever in a call."""


# expect: timeout: took more than
def normalise(x):
    while True:
        pass
