"""Train an image classifier: one epoch, evaluation, and a fit that keeps the best epoch."""

from collections.abc import Callable, Iterable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

Batches = Iterable[tuple[Tensor, Tensor]]
Loss = Callable[[Tensor, Tensor], Tensor]


def train_one_epoch(model: nn.Module, batches: Batches, loss_fn: Loss, optimizer: torch.optim.Optimizer) -> float:
    """One optimizer step a batch, in training mode.

    batches: re-iterable of (images, labels): (N, ...) and (N,) int64; move both to the model's device.
    loss_fn: (outputs (N, C), labels (N,)) -> mean loss of the batch, 0-dim.
    Returns the mean training loss over the samples. ValueError if there is no batch.
    """
    raise NotImplementedError


def evaluate(model: nn.Module, batches: Batches, loss_fn: Loss) -> tuple[float, float]:
    """Mean loss and accuracy (0 to 1) over the samples, in evaluation mode and without gradients.

    Every sub-module is left in the mode in which it was. ValueError if there is no batch.
    """
    raise NotImplementedError


def fit(
    model: nn.Module,
    train_batches: Batches,
    val_batches: Batches,
    loss_fn: Loss,
    optimizer: torch.optim.Optimizer,
    epochs: int,
) -> dict[str, list[float]]:
    """Trains for `epochs` >= 1 epochs and evaluates on `val_batches` after each.

    Returns "train_loss", "val_loss", "val_accuracy", one number an epoch. Leaves the model with the parameters and
    buffers of the epoch of the best validation accuracy, the earliest of equals. ValueError if there is no batch.
    """
    raise NotImplementedError


if __name__ == "__main__":
    torch.manual_seed(0)
    labels = torch.arange(24) % 2
    images = torch.randn(24, 1, 4, 4) + labels.view(-1, 1, 1, 1)
    batches = list(zip(images.split(10), labels.split(10), strict=True))  # 10, 10, 4 samples
    net = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(16, 2))
    print(fit(net, batches, batches, F.cross_entropy, torch.optim.SGD(net.parameters(), lr=0.1), epochs=3))
