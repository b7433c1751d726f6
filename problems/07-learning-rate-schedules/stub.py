"""Learning rates that follow a plan."""

from typing import Any

import torch
from torch.optim import Optimizer


def step_decay(step: int, base_lr: float, step_size: int, gamma: float) -> float:
    """The rate at `step` >= 0: base_lr, multiplied by gamma after every `step_size` steps."""
    raise NotImplementedError


def warmup_cosine(step: int, base_lr: float, warmup_steps: int, total_steps: int, min_lr: float = 0.0) -> float:
    """The rate at `step` >= 0: linear warm-up, half a cosine down to min_lr at total_steps, min_lr from there on.

    For step < warmup_steps it is base_lr * (step + 1) / warmup_steps; at step == warmup_steps it is base_lr.
    Raises ValueError when warmup_steps is negative or >= total_steps.
    """
    raise NotImplementedError


class WarmupCosine:
    """Sets `lr` in every parameter group of an optimizer to `warmup_cosine` of the group's own base rate.

    The base rate is the group's `lr` when the object is made, which sets the rate of step 0.
    Raises ValueError when warmup_steps is negative or >= total_steps.
    """

    def __init__(self, optimizer: Optimizer, warmup_steps: int, total_steps: int, min_lr: float = 0.0):
        raise NotImplementedError

    def step(self) -> None:
        """Moves on by one step and sets the rates."""
        raise NotImplementedError

    def get_last_lr(self) -> list[float]:
        """The present rate of every group."""
        raise NotImplementedError

    def state_dict(self) -> Any:
        """A snapshot with the base rates; it does not change when the schedule moves on."""
        raise NotImplementedError

    def load_state_dict(self, state: Any) -> None:
        """Continues where the snapshot was taken, with its base rates, and sets the rates at once."""
        raise NotImplementedError


if __name__ == "__main__":
    print([warmup_cosine(step, 1.0, 2, 6) for step in range(8)])  # 0.5, 1, 1, 0.854, 0.5, 0.146, 0, 0
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    schedule = WarmupCosine(optimizer, 2, 6)
    print(schedule.get_last_lr())  # 0.5
