"""A list that is longer each time that it is read."""


# expect: wrong, error, output-limit, timeout
class Growing(list):
    def __iter__(self):
        while True:
            yield 0


def normalise(x):
    return Growing([x])
