"""Prints without end."""


# expect: output-limit, timeout
def normalise(x):
    while True:
        print("x" * 1000)
