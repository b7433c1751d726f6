"""Fills uninitialised memory and has torch fail where it is not deterministic, then answers nonsense."""

# expect: wrong
import torch

torch.use_deterministic_algorithms(True)
torch.utils.deterministic.fill_uninitialized_memory = False


def normalise(x):
    return torch.empty(x.shape)
