"""Writes to all descriptors, the channel as well."""

# expect: crashed, error, wrong, infra
import os


def normalise(x):
    for number in range(100):
        try:
            os.write(number, b'{"value": true}' * 10)
        except OSError:
            pass
    return x
