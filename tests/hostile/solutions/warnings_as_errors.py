"""Has every warning raise an exception and the garbage collector off."""

# expect: wrong
import gc
import warnings

warnings.simplefilter("error")
gc.disable()


def normalise(x):
    return x
