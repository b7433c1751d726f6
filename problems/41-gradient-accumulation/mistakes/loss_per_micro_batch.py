"""You return one loss for each micro-batch. There should be one for each step of the optimizer: the mean over the
samples of its group."""

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
        # The sum over the samples lies in the gradients; how many there are is known only now.
        gradients = [parameter.grad for parameter in model.parameters() if parameter.grad is not None]
        for gradient in gradients:
            gradient.div_(samples)
        if max_norm is not None and gradients:
            norm = torch.stack([gradient.norm() for gradient in gradients]).norm()
            scale = (max_norm / (norm + 1e-6)).clamp(max=1.0)
            for gradient in gradients:
                gradient.mul_(scale)
        optimizer.step()
        model.zero_grad()  # the model's, not the optimizer's: the norm is over all of its parameters

    model.zero_grad()
    for inputs, targets in batches:
        loss = loss_fn(model(inputs), targets) * len(inputs)  # mean -> sum over the samples
        loss.backward()  # frees the graph, before the next micro-batch makes its own
        micro_batches, samples, total = micro_batches + 1, samples + len(inputs), total + loss.item()
        losses.append(loss.item() / len(inputs))
        if micro_batches == accumulation_steps:
            step()
            micro_batches, samples, total = 0, 0, 0.0
    if micro_batches:
        step()  # the last group may be shorter
    return losses
