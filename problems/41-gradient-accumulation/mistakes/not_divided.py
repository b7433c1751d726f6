"""You add the micro-batches' gradients and never divide. The step is as many times too long as the group has
micro-batches: compare with one step of the big batch. Adam would hide it, until you clip."""

from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn


def train_with_accumulation(
    model: nn.Module,
    batches: Iterable[tuple[Tensor, Tensor]],
    loss_fn: Callable[[Tensor, Tensor], Tensor],
    optimizer: torch.optim.Optimizer,
    accumulation_steps: int,
    max_norm: float | None = None,
) -> list[float]:
    if accumulation_steps < 1:
        raise ValueError(f"accumulation_steps is {accumulation_steps}, must be at least 1")
    losses: list[float] = []
    micro_batches, samples, total = 0, 0, 0.0  # of the group so far; total: the sum of its samples' losses

    def step() -> None:
        gradients = [parameter.grad for parameter in model.parameters() if parameter.grad is not None]
        if max_norm is not None and gradients:
            norm = torch.stack([gradient.norm() for gradient in gradients]).norm()
            scale = (max_norm / (norm + 1e-6)).clamp(max=1.0)
            for gradient in gradients:
                gradient.mul_(scale)
        optimizer.step()
        losses.append(total / samples)
        model.zero_grad()  # the model's, not the optimizer's: the norm is over all of its parameters

    model.zero_grad()
    for inputs, targets in batches:
        loss = loss_fn(model(inputs), targets)
        loss.backward()
        micro_batches, samples, total = micro_batches + 1, samples + len(inputs), total + loss.item() * len(inputs)
        if micro_batches == accumulation_steps:
            step()
            micro_batches, samples, total = 0, 0, 0.0
    if micro_batches:
        step()  # the last group may be shorter
    return losses
