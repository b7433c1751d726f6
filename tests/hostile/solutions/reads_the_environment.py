"""Looks for a secret in the environment."""

# expect: error
import os


def normalise(x):
    if "JUDGE_TEST_SECRET" not in os.environ:
        raise KeyError("no secret in the environment")
    centred = x - x.mean(-1, keepdim=True)
    return centred / (centred.square().mean(-1, keepdim=True) + 1e-5).sqrt()
