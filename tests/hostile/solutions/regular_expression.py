"""A regular expression that takes exponential time."""

# expect: timeout
import re


def normalise(x):
    re.match(r"(a+)+$", "a" * 64 + "b")
