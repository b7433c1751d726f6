"""Replaces numpy's comparisons."""

# expect: wrong
import numpy

numpy.allclose = numpy.array_equal = numpy.isclose = lambda *arguments, **named: True
numpy.testing.assert_allclose = lambda *arguments, **named: None


def normalise(x):
    return x
