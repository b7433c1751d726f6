"""A group of a thousand nested exceptions."""


# expect: error
def normalise(x):
    group = ValueError("x")
    for _ in range(1000):
        group = ExceptionGroup("more", [group])
    raise group
