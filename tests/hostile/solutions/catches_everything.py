"""Catches what stops it and goes on."""


# expect: timeout
def normalise(x):
    while True:
        try:
            while True:
                pass
        except BaseException:
            pass
