"""A gigabyte of bytes, as an answer."""


# expect: error, output-limit, memory, wrong, timeout
def normalise(x):
    return bytes(1 << 30)
