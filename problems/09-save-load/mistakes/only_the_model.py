"""You save the model and nothing else of the run.

Momentum, the moments of Adam, the learning rate and the random generator start anew, so the run goes another way from
the first step on. Save the states of optimizer, scheduler and generator, too.
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
        "scheduler": None if scheduler is None else True,
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
    return checkpoint["epoch"]
