"""Calls the forward of a forbidden module's sub-class."""

# expect: forbidden, error
import torch


def normalise(x):
    class Mine(torch.nn.LayerNorm):
        pass

    return Mine(x.shape[-1], elementwise_affine=False, dtype=x.dtype)(x)
