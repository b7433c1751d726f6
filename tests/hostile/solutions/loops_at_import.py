"""Loops for ever while it is imported."""

# expect: timeout: stopped while it was imported
while True:
    pass
