"""Save and load a training run so that it goes on as if it had never stopped."""

import os
from os import PathLike
from pathlib import Path

import torch
from torch import nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler


def save_checkpoint(
    path: str | PathLike[str], model: nn.Module, optimizer: Optimizer, scheduler: LRScheduler | None, epoch: int
) -> None:
    """Saves all that resuming needs in one file, and replaces the one that is there.

    Where saving fails the error is raised, `path` still holds the old checkpoint (if there was one), and no other file
    is left behind.
    """
    raise NotImplementedError


def load_checkpoint(
    path: str | PathLike[str],
    model: nn.Module,
    optimizer: Optimizer,
    scheduler: LRScheduler | None,
    map_location: str | torch.device = "cpu",
) -> int:
    """Puts model, optimizer, scheduler and the CPU generator into the state of the checkpoint; returns its epoch.

    Never runs code from the file. Raises FileNotFoundError where there is no file, ValueError where a scheduler is
    given but none was saved, and some error for a checkpoint of another model, which leaves everything as it was.
    """
    raise NotImplementedError


if __name__ == "__main__":
    net = nn.Sequential(nn.Linear(4, 8), nn.Dropout(), nn.Linear(8, 1))
    sgd = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    path = Path("checkpoint.pt")
    save_checkpoint(path, net, sgd, None, epoch=3)
    before = torch.rand(2)
    print("epoch:", load_checkpoint(path, net, sgd, None))
    print("the same random numbers:", before.tolist(), torch.rand(2).tolist())
    os.remove(path)
