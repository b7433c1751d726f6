"""Uses the forbidden module."""

# expect: forbidden, error
import torch


def normalise(x):
    return torch.nn.LayerNorm(x.shape[-1], elementwise_affine=False, dtype=x.dtype)(x)
