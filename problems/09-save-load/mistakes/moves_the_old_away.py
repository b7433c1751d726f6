"""You move the old checkpoint away before the new one is written.

While you write there is no checkpoint at `path`: a crash in that time leaves none. Keep the old one where it is until
`os.replace` puts the finished new one in its place.
"""

import os
from os import PathLike

import torch
from torch import nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler


def save_checkpoint(
    path: str | PathLike[str], model: nn.Module, optimizer: Optimizer, scheduler: LRScheduler | None, epoch: int
) -> None:
    checkpoint = {
        "model": model.state_dict(),
        "optimizer": optimizer.state_dict(),
        "scheduler": None if scheduler is None else scheduler.state_dict(),
        "generator": torch.get_rng_state(),
        "epoch": epoch,
    }
    backup = f"{os.fspath(path)}.old"
    if os.path.exists(path):
        os.replace(path, backup)
    try:
        torch.save(checkpoint, path)
    except BaseException:
        os.unlink(path)
        if os.path.exists(backup):
            os.replace(backup, path)
        raise
    if os.path.exists(backup):
        os.unlink(backup)


def names_and_shapes(state: dict[str, object]) -> dict[str, object]:
    return {name: getattr(value, "shape", None) for name, value in state.items()}


def load_checkpoint(
    path: str | PathLike[str],
    model: nn.Module,
    optimizer: Optimizer,
    scheduler: LRScheduler | None,
    map_location: str | torch.device = "cpu",
) -> int:
    checkpoint = torch.load(path, map_location=map_location, weights_only=True)
    # load_state_dict copies what fits before it complains about the rest, so everything is checked first.
    if scheduler is not None and checkpoint["scheduler"] is None:
        raise ValueError(f"{path} was saved without a scheduler")
    if names_and_shapes(checkpoint["model"]) != names_and_shapes(model.state_dict()):
        raise ValueError(f"{path} is a checkpoint of another model: names or shapes of its parameters differ")
    model.load_state_dict(checkpoint["model"])
    optimizer.load_state_dict(checkpoint["optimizer"])
    if scheduler is not None:
        scheduler.load_state_dict(checkpoint["scheduler"])
    torch.set_rng_state(checkpoint["generator"].cpu())  # map_location has moved this one, too
    return checkpoint["epoch"]
