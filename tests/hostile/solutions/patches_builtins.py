"""Replaces builtins, so that all checks see only true."""

# expect: wrong, error, crashed
import builtins

builtins.all = builtins.any = builtins.isinstance = lambda *arguments: True
builtins.abs = builtins.max = builtins.len = lambda *arguments: 0


def normalise(x):
    return x
