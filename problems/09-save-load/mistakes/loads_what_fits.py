"""You load with `strict=False`.

Names that do not match are skipped in silence: the layers they belong to keep their random weights. A checkpoint of
another model has to be refused.
"""

import os
import tempfile
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
    # In the same folder, hence on the same file system: only there is os.replace one indivisible step.
    descriptor, temporary = tempfile.mkstemp(dir=os.path.dirname(os.path.abspath(path)), suffix=".tmp")
    try:
        with os.fdopen(descriptor, "wb") as file:
            torch.save(checkpoint, file)
            file.flush()
            os.fsync(file.fileno())  # on the disk before the name points to it, else a power cut may leave it empty
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def load_checkpoint(
    path: str | PathLike[str],
    model: nn.Module,
    optimizer: Optimizer,
    scheduler: LRScheduler | None,
    map_location: str | torch.device = "cpu",
) -> int:
    checkpoint = torch.load(path, map_location=map_location, weights_only=True)
    if scheduler is not None and checkpoint["scheduler"] is None:
        raise ValueError(f"{path} was saved without a scheduler")
    model.load_state_dict(checkpoint["model"], strict=False)
    optimizer.load_state_dict(checkpoint["optimizer"])
    if scheduler is not None:
        scheduler.load_state_dict(checkpoint["scheduler"])
    torch.set_rng_state(checkpoint["generator"].cpu())  # map_location has moved this one, too
    return checkpoint["epoch"]
