"""Writes a file without end."""


# expect: error: OSError, crashed, timeout
def normalise(x):
    with open("large", "wb") as file:
        while True:
            file.write(bytes(1 << 20))
