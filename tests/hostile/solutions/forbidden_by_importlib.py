"""Imports a module with a forbidden function at run time."""

# expect: forbidden, error
import importlib


def normalise(x):
    return importlib.import_module("torch.nn.functional").layer_norm(x, x.shape[-1:])
