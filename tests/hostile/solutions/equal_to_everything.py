"""Answers with an object that equals everything."""


# expect: wrong
class Answer:
    shape = dtype = True

    def __eq__(self, other):
        return True

    def __getattr__(self, name):
        return self

    def __call__(self, *arguments, **named):
        return self


def normalise(x):
    return Answer()
