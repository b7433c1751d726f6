"""An answer every attribute of which ends the process."""

# expect: wrong, error, crashed
import os


class Answer(dict):
    def __getattribute__(self, name):
        os._exit(0)

    def __iter__(self):
        os._exit(0)


def normalise(x):
    return Answer(a=x)
