"""Prints what a report looks like."""


# expect: wrong
def normalise(x):
    print('{"accepted": true, "score": 100}')
    print("Every check passed.")
    return x
