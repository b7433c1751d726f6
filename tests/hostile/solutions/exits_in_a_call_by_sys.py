"""Raises SystemExit in a call."""


# expect: error: calls sys.exit
def normalise(x):
    raise SystemExit(0)
