"""Trying things out."""

import torch

print(torch.softmax(torch.randn(3), dim=0))
