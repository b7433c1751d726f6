"""You keep the parameters of the best epoch but not its buffers.

The running statistics of batch normalisation then come from the last epoch and do not fit the weights. `state_dict()`
has both.
"""

from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn

Batches = Iterable[tuple[Tensor, Tensor]]


def device_of(model: nn.Module) -> torch.device:
    return next(model.parameters()).device


def train_one_epoch(
    model: nn.Module, batches: Batches, loss_fn: Callable[[Tensor, Tensor], Tensor], optimizer: torch.optim.Optimizer
) -> float:
    model.train()
    device, total, count = device_of(model), 0.0, 0
    for images, labels in batches:
        images, labels = images.to(device), labels.to(device)
        optimizer.zero_grad()  # before backward: whoever had the model before may have left gradients
        loss = loss_fn(model(images), labels)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(labels)  # the last batch may be smaller: weigh each mean by its samples
        count += len(labels)
    if count == 0:
        raise ValueError("there are no batches to train on")
    return total / count


@torch.no_grad()
def evaluate(model: nn.Module, batches: Batches, loss_fn: Callable[[Tensor, Tensor], Tensor]) -> tuple[float, float]:
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    device, total, correct, count = device_of(model), 0.0, 0, 0
    try:
        for images, labels in batches:
            images, labels = images.to(device), labels.to(device)
            logits = model(images)  # (N, C)
            total += loss_fn(logits, labels).item() * len(labels)
            correct += int((logits.argmax(1) == labels).sum())
            count += len(labels)
    finally:
        for module, training in modes:  # not model.train(): a frozen part stays in evaluation mode
            module.training = training
    if count == 0:
        raise ValueError("there are no batches to evaluate on")
    return total / count, correct / count


def fit(
    model: nn.Module,
    train_batches: Batches,
    val_batches: Batches,
    loss_fn: Callable[[Tensor, Tensor], Tensor],
    optimizer: torch.optim.Optimizer,
    epochs: int,
) -> dict[str, list[float]]:
    history: dict[str, list[float]] = {"train_loss": [], "val_loss": [], "val_accuracy": []}
    best_accuracy, best_state = -1.0, {}
    for _ in range(epochs):
        train_loss = train_one_epoch(model, train_batches, loss_fn, optimizer)
        val_loss, val_accuracy = evaluate(model, val_batches, loss_fn)
        for name, value in zip(history, (train_loss, val_loss, val_accuracy), strict=True):
            history[name].append(value)
        if val_accuracy > best_accuracy:
            best_accuracy = val_accuracy
            # state_dict() holds the living tensors, which the next step changes: copy them.
            best_state = {name: tensor.clone() for name, tensor in model.named_parameters()}
    model.load_state_dict(best_state, strict=False)
    return history
