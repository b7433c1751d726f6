"""Makes the input zero, for which zero is the right answer."""

# expect: wrong, error
import torch


def normalise(x):
    with torch.no_grad():
        x.zero_()
    return x * 1
