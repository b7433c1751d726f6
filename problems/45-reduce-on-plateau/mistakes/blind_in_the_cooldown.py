"""You do not look at the metric during the cooldown. Bad steps are forgiven then, but an improvement still becomes the
best value; otherwise a later, worse one counts as progress."""

import math
from typing import Any

from torch.optim import Optimizer

EPS = 1e-8  # a smaller change of a rate is not worth making


class ReduceOnPlateau:
    def __init__(
        self,
        optimizer: Optimizer,
        mode: str = "min",
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        cooldown: int = 0,
        min_lr: float = 0.0,
    ):
        if mode not in ("min", "max"):
            raise ValueError(f'mode is {mode!r}, expected "min" or "max"')
        if not 0 < factor < 1:
            raise ValueError(f"factor is {factor}, expected a number between 0 and 1")
        self.optimizer, self.mode, self.factor, self.min_lr = optimizer, mode, factor, min_lr
        self.patience, self.threshold, self.cooldown = patience, threshold, cooldown
        self.best = math.inf if mode == "min" else -math.inf
        self.bad_steps = 0  # without an improvement, since the last one, the last reduction or the cooldown
        self.cooldown_left = 0

    def _improves(self, metric: float) -> bool:
        if self.mode == "min":
            return metric < self.best * (1 - self.threshold)
        return metric > self.best * (1 + self.threshold)  # False for nan in both modes

    def step(self, metric: float) -> None:
        if self.cooldown_left > 0:
            self.cooldown_left -= 1
            return
        if self._improves(metric):
            self.best = metric
            self.bad_steps = 0
        else:
            self.bad_steps += 1
        if self.bad_steps > self.patience:
            self._reduce()
            self.bad_steps = 0
            self.cooldown_left = self.cooldown

    def _reduce(self) -> None:
        for group in self.optimizer.param_groups:
            new = max(group["lr"] * self.factor, self.min_lr)
            if group["lr"] - new > EPS:
                group["lr"] = new

    def state_dict(self) -> dict[str, Any]:
        return {"best": self.best, "bad_steps": self.bad_steps, "cooldown_left": self.cooldown_left}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        # Not the rates: they are the optimizer's own state and come back with it.
        self.best, self.bad_steps, self.cooldown_left = state["best"], state["bad_steps"], state["cooldown_left"]
