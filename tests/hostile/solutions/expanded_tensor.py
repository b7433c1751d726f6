"""A tensor of 10^15 numbers that takes one number of memory."""

# expect: output-limit, wrong
import torch


def normalise(x):
    return torch.zeros(1).expand(10**15)
