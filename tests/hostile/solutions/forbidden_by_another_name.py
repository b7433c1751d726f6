"""Calls a forbidden function under a name of its own."""

# expect: forbidden, error
from torch.nn.functional import layer_norm as norm


def normalise(x):
    return norm(x, x.shape[-1:])
