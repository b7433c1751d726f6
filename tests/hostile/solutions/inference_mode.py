"""Enters inference mode in a call and never leaves it; the next call has gradients again."""

# expect: passed
import torch


def normalise(x):
    torch.inference_mode().__enter__()
    centred = x - x.mean(-1, keepdim=True)
    return centred / (centred.square().mean(-1, keepdim=True) + 1e-5).sqrt()
