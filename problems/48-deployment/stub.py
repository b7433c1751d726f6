from os import PathLike
from pathlib import Path

import torch
from torch import Tensor, nn


def export_model(model: nn.Module, example: Tensor, path: str | PathLike[str]) -> None:
    """Writes the model, in evaluation mode, to `path` as a program of torch.export.

    example: an input of the model, one row or more. The program takes any number of rows from 1 on; the path may have
    any suffix. The modes of the model and of all its modules are as before afterwards, also when this fails.
    """
    raise NotImplementedError


class Predictor:
    """Runs an exported program; needs its file and nothing else. Raises ValueError for max_batch < 1."""

    def __init__(self, path: str | PathLike[str], max_batch: int = 32):
        raise NotImplementedError

    def __call__(self, x: Tensor) -> Tensor:
        """The outputs for the rows of x, any number of them, without gradients.

        The program gets at most max_batch rows at a time. No rows: an output without rows, of the usual width and
        dtype.
        """
        raise NotImplementedError


if __name__ == "__main__":
    model = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3), nn.Dropout())
    path = Path("model.bin")
    export_model(model, torch.randn(1, 2), path)
    predictor = Predictor(path, max_batch=4)
    print([tuple(predictor(torch.randn(rows, 2)).shape) for rows in (10, 1, 0)])  # expected: (10, 3), (1, 3), (0, 3)
    print(model.training)  # expected: True
    path.unlink()
