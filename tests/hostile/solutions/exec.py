"""Replaces itself by another program, which could write to the channel."""

# expect: error, crashed
import os


def normalise(x):
    os.execv("/bin/sh", ["sh", "-c", "echo x >&3"])
    centred = x - x.mean(-1, keepdim=True)
    return centred / (centred.square().mean(-1, keepdim=True) + 1e-5).sqrt()
