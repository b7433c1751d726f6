"""An integer with 10^11 binary digits."""


# expect: memory, timeout
def normalise(x):
    return 1 << 10**11
