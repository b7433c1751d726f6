"""Your `step_decay` counts from 1. Steps count from 0, so the first fall is at `step == step_size`, not one step
later."""

import math
from typing import Any

from torch.optim import Optimizer


def step_decay(step: int, base_lr: float, step_size: int, gamma: float) -> float:
    return base_lr * gamma ** (max(0, step - 1) // step_size)


def warmup_cosine(step: int, base_lr: float, warmup_steps: int, total_steps: int, min_lr: float = 0.0) -> float:
    if not 0 <= warmup_steps < total_steps:
        raise ValueError(f"warmup_steps {warmup_steps} is not between 0 and total_steps - 1 = {total_steps - 1}")
    if step < warmup_steps:
        return base_lr * (step + 1) / warmup_steps  # + 1: a rate of 0 would waste the first step
    progress = min(1.0, (step - warmup_steps) / (total_steps - warmup_steps))  # 0 to 1, over what the warm-up left
    return min_lr + (base_lr - min_lr) * (1 + math.cos(math.pi * progress)) / 2


class WarmupCosine:
    def __init__(self, optimizer: Optimizer, warmup_steps: int, total_steps: int, min_lr: float = 0.0):
        self.optimizer = optimizer
        self.warmup_steps, self.total_steps, self.min_lr = warmup_steps, total_steps, min_lr
        # The groups' "lr" will be overwritten: remember where each of them started.
        self.base_lrs = [group["lr"] for group in optimizer.param_groups]
        self.done = 0
        self._set_rates()

    def _set_rates(self) -> None:
        # The groups are looked up every time: the optimizer's load_state_dict puts new ones in their place.
        for group, base_lr in zip(self.optimizer.param_groups, self.base_lrs, strict=True):
            group["lr"] = warmup_cosine(self.done, base_lr, self.warmup_steps, self.total_steps, self.min_lr)

    def step(self) -> None:
        self.done += 1
        self._set_rates()

    def get_last_lr(self) -> list[float]:
        return [group["lr"] for group in self.optimizer.param_groups]

    def state_dict(self) -> dict[str, Any]:
        return {"done": self.done, "base_lrs": list(self.base_lrs)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        # The base rates, too: when the optimizer's state was loaded first, __init__ saw rates in mid-schedule.
        self.done, self.base_lrs = state["done"], list(state["base_lrs"])
        self._set_rates()
