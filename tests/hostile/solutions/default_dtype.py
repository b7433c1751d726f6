"""Makes float64 the default dtype; what it answers is right, since every check has its own."""

# expect: passed
import torch

torch.set_default_dtype(torch.float64)


def normalise(x):
    y = torch.empty(x.shape)
    y[:] = x - x.mean(-1, keepdim=True)
    return y / (y.square().mean(-1, keepdim=True) + 1e-5).sqrt()
