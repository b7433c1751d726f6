"""Replaces the source of the inputs, so that they are zeros, for which zeros are right."""

# expect: wrong
import torch

from judge import making

making.Make.normal = lambda self, *shape, **named: torch.zeros(*shape)
torch.randn = torch.rand = torch.normal = lambda *arguments, **named: torch.zeros(2, 4)


def normalise(x):
    return x * 0
