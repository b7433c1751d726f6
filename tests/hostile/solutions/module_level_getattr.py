"""Defines names only when they are asked for, each another object."""


# expect: wrong, error
def __getattr__(name):
    if name == "normalise":
        return lambda x: x
    raise AttributeError(name)
