from os import PathLike
from pathlib import Path

import torch
from torch import Tensor


def train_and_save(
    x: Tensor, y: Tensor, num_classes: int, path: str | PathLike[str], seed: int = 0
) -> dict[str, float]:
    """Trains a classifier on a table and saves all that prediction needs in one file.

    x: (N, D) floats, some of them nan; y: (N,) labels from 0 to num_classes - 1. Splits off validation rows, cleans the
    data with what the training rows show, trains, and returns "train_accuracy" and "val_accuracy", from 0 to 1. Same
    seed, same model.
    """
    raise NotImplementedError


def load_and_predict(path: str | PathLike[str], x: Tensor) -> Tensor:
    """The predicted labels for the rows of x, (M, D) floats, some of them nan: (M,) int64 on x's device.

    Works in a fresh process, from the file alone, and never runs code from it. What is predicted for a row depends on
    that row only; there may be no rows.
    """
    raise NotImplementedError


if __name__ == "__main__":
    y = torch.arange(300) % 3
    x = torch.randn(300, 4) + 3 * torch.eye(3, 4)[y]
    x = x * torch.tensor([1.0, 1000.0, 0.001, 1.0])
    x[torch.rand(300, 4) < 0.1] = float("nan")
    path = Path("pipeline.pt")
    print(train_and_save(x, y, 3, path))  # expected: both about 0.9
    print((load_and_predict(path, x) == y).float().mean())  # expected: about 0.9
    path.unlink()
