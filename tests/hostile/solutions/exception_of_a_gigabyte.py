"""An exception whose text has a gigabyte."""


# expect: error, memory, output-limit, timeout
def normalise(x):
    raise ValueError("x" * (1 << 30))
