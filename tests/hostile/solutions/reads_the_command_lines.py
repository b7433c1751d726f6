"""Reads the command line and the environment of the judge."""

# expect: error
import os


def normalise(x):
    open("/proc/@JUDGE@/cmdline").read()
    open("/proc/@JUDGE@/environ").read()
    centred = x - x.mean(-1, keepdim=True)
    return centred / (centred.square().mean(-1, keepdim=True) + 1e-5).sqrt()
