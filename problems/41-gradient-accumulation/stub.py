"""Train with large batches on a small memory."""

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
    """One optimizer step for every `accumulation_steps` micro-batches; the last group may be shorter.

    batches: (inputs, targets), N >= 1 samples each, N may differ; possibly readable only once; on the model's device.
    loss_fn: (outputs, targets) -> mean loss over the N samples, 0-dim.
    optimizer: holds some or all of the model's parameters.
    A step's gradient is that of the mean loss over all samples of the group. With max_norm it is clipped once, before
    the step: multiplied by min(1, max_norm / (norm + 1e-6)), the 2-norm over all parameters of the model together.
    Gradients from before the call are discarded. The model's mode is left alone. Each micro-batch is one call of the
    model, whose graph is freed before the next call.
    Returns the mean loss over the group's samples, one float a step.
    Raises ValueError when accumulation_steps < 1.
    """
    raise NotImplementedError


if __name__ == "__main__":
    model = nn.Linear(1, 1, bias=False)
    nn.init.zeros_(model.weight)
    batches = [(torch.ones(2, 1), torch.ones(2, 1)), (torch.ones(1, 1), torch.full((1, 1), 4.0))]
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    print(train_with_accumulation(model, batches, nn.functional.mse_loss, optimizer, 2))  # expected: [6.0]
    print(model.weight)  # expected: 2
