"""Looks for the hidden labels in the functions of the checks."""

# expect: wrong, error
import gc
import types

import torch


def normalise(x):
    for one in gc.get_objects():
        if isinstance(one, types.FunctionType) and one.__closure__ and "judge" in one.__module__:
            for cell in one.__closure__:
                if isinstance(cell.cell_contents, torch.Tensor) and cell.cell_contents.shape == x.shape:
                    return cell.cell_contents
    return x
