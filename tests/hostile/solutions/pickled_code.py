"""An answer that runs code where it is unpickled."""

# expect: wrong, error
import os


class Answer:
    def __reduce__(self):
        return os.system, ("touch @OUTSIDE@/unpickled",)


def normalise(x):
    return Answer()
