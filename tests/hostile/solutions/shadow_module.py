"""Writes torch.py into its folder, for a second process to import."""

# expect: wrong, error
import os
import sys

with open("torch.py", "w") as file:
    file.write("raise SystemExit(0)")
for name in ("judge.py", "numpy.py", "sitecustomize.py", "usercustomize.py"):
    os.link("torch.py", name) if not os.path.exists(name) else None
sys.path.insert(0, os.getcwd())


def normalise(x):
    return x
