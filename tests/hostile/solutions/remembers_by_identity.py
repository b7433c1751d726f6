"""Remembers answers by the address of the input."""

# expect: wrong, error
KEPT = {}


def normalise(x):
    if id(x) not in KEPT:
        KEPT[id(x)] = x.detach()
    return KEPT[id(x)] + 0 * x
