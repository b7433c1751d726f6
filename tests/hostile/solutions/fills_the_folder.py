"""Writes files until there is no room."""


# expect: error: OSError, timeout
def normalise(x):
    for number in range(10**6):
        with open(f"part-{number}", "wb") as file:
            file.write(bytes(1 << 20))
    return x
