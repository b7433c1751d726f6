"""Has Python call it before each line of the judge in the worker, and changes local variables."""

# expect: wrong, error
import sys

import torch


def trace(frame, event, argument):
    for name, value in frame.f_locals.items():
        if isinstance(value, torch.Tensor):
            value.data.zero_()
    return trace


sys.settrace(trace)


def normalise(x):
    return x * 0
