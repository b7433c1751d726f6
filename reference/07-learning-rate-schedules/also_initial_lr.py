"""Keeps the base rates in the optimizer's groups, as torch does, and computes with factors and half angles."""

import copy
import math


def step_decay(step, base_lr, step_size, gamma):
    for _ in range(step_size, step + 1, step_size):
        base_lr *= gamma
    return float(base_lr)


def warmup_cosine(step, base_lr, warmup_steps, total_steps, min_lr=0.0):
    if warmup_steps < 0 or warmup_steps >= total_steps:
        raise ValueError("expected 0 <= warmup_steps < total_steps")
    if step >= total_steps:
        return float(min_lr)
    if step < warmup_steps:
        return base_lr / warmup_steps * (1 + step)
    share = math.cos(math.pi / 2 * (step - warmup_steps) / (total_steps - warmup_steps)) ** 2
    return share * base_lr + (1 - share) * min_lr


class WarmupCosine:
    def __init__(self, optimizer, warmup_steps, total_steps, min_lr=0.0):
        self._optimizer, self._last_step = optimizer, -1
        for group in optimizer.param_groups:
            group["initial_lr"] = group["lr"]
        self._schedule = (warmup_steps, total_steps, min_lr)
        self.step()

    def step(self):
        self._move_to(self._last_step + 1)

    def _move_to(self, step):
        self._last_step, self._last_lr = step, []
        for group in self._optimizer.param_groups:
            group["lr"] = warmup_cosine(step, group["initial_lr"], *self._schedule)
            self._last_lr.append(group["lr"])

    def get_last_lr(self):
        return self._last_lr

    def state_dict(self):
        base = [group["initial_lr"] for group in self._optimizer.param_groups]
        return copy.deepcopy({"step": self._last_step, "initial_lr": base, "schedule": self._schedule})

    def load_state_dict(self, state):
        for group, base in zip(self._optimizer.param_groups, state["initial_lr"], strict=True):
            group["initial_lr"] = base
        self._schedule = tuple(state["schedule"])
        self._move_to(state["step"])
