"""Answers with a gigabyte of numbers."""

# expect: output-limit, memory, timeout, wrong
import torch


def normalise(x):
    return torch.zeros(1 << 28)
