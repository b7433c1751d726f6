"""Replaces all comparisons of torch, so that everything is equal."""

# expect: wrong
import torch

for module in (torch, torch.testing):
    for name in ("allclose", "equal", "isclose", "eq", "assert_close"):
        setattr(module, name, lambda *arguments, **named: True)
torch.Tensor.__eq__ = torch.Tensor.equal = lambda self, other: True


def normalise(x):
    return x.detach().clone()
