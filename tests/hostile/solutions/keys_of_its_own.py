"""A dictionary with keys that cannot be compared."""


# expect: wrong, error
class Key:
    def __eq__(self, other):
        raise SystemExit(0)

    def __hash__(self):
        return 0


def normalise(x):
    return {Key(): x}
