"""Loops in C, where Python looks at no signal."""


# expect: timeout
def normalise(x):
    return sum(iter(int, 1))
