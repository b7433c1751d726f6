"""An exception whose text takes for ever."""


# expect: error, timeout
class Fault(Exception):
    def __str__(self):
        while True:
            pass


def normalise(x):
    raise Fault
