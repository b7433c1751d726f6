"""An exception whose text raises another one, and so on."""


# expect: error
class Fault(Exception):
    def __str__(self):
        raise Fault

    __repr__ = __str__


def normalise(x):
    raise Fault
