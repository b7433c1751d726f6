"""The name, but no function."""

# expect: error
normalise = None
