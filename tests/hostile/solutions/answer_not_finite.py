"""Answers with nan, which equals nothing."""


# expect: wrong
def normalise(x):
    return x * float("nan")
