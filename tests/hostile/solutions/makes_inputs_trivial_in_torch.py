"""Replaces torch's random numbers by zeros, for which zeros are right."""

# expect: wrong, error
import torch

torch.Tensor.normal_ = torch.Tensor.uniform_ = lambda self, *arguments, **named: self.zero_()
torch.randn = torch.rand = lambda *shape, **named: torch.zeros([one for one in shape if isinstance(one, int)])


def normalise(x):
    return x * 0
