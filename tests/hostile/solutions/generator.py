"""A generator instead of an answer."""


# expect: error, wrong
def normalise(x):
    yield x
