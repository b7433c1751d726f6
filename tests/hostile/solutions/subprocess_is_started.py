"""Starts a shell."""

# expect: error
import subprocess


def normalise(x):
    subprocess.run(["/bin/sh", "-c", "true"], check=True)
    centred = x - x.mean(-1, keepdim=True)
    return centred / (centred.square().mean(-1, keepdim=True) + 1e-5).sqrt()
