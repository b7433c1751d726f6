"""Keeps its first answer in a file, for the second process."""

# expect: wrong, error
import os

import torch


def normalise(x):
    if os.path.exists("kept.pt"):
        return torch.load("kept.pt").expand(x.shape) if len(x) == 2 else x
    centred = x - x.mean(-1, keepdim=True)
    answer = centred / (centred.square().mean(-1, keepdim=True) + 1e-5).sqrt()
    torch.save(answer[:1].detach(), "kept.pt")
    return answer
