"""Imports the reference from where it is."""

# expect: error
import sys

sys.path[:0] = ["@PACK@/reference/normalise", "@PACK@/reference"]
from solution import normalise  # noqa: E402, F401
