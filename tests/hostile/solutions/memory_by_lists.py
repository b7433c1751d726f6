"""Asks for lists until there is no memory."""


# expect: memory, timeout
def normalise(x):
    kept = []
    while True:
        kept.append([0] * (1 << 24))
