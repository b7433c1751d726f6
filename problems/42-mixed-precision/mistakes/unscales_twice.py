"""Your `step` unscales although `unscale_` has been called. The gradients are divided by the scale twice and all but
vanish; remember for each optimizer whether it has been done."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer


def gradients_of(optimizer: Optimizer) -> list[Tensor]:
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    return [parameter.grad for parameter in parameters if parameter.grad is not None]


class GradScaler:
    def __init__(
        self,
        init_scale: float = 2.0**16,
        growth_factor: float = 2.0,
        backoff_factor: float = 0.5,
        growth_interval: int = 2000,
    ):
        self.factor = float(init_scale)  # what losses are multiplied by
        self.growth_factor, self.backoff_factor, self.growth_interval = growth_factor, backoff_factor, growth_interval
        self.good_steps = 0  # in a row, since the scale last changed
        self.unscaled: set[Optimizer] = set()  # since the last update
        self.outcomes: list[bool] = []  # of the steps since the last update

    def scale(self, loss: Tensor) -> Tensor:
        return loss * self.factor

    def unscale_(self, optimizer: Optimizer) -> None:
        if optimizer in self.unscaled:
            raise RuntimeError("the gradients of this optimizer are already unscaled; call update() first")
        self.unscaled.add(optimizer)
        for gradient in gradients_of(optimizer):
            gradient.div_(self.factor)

    def step(self, optimizer: Optimizer) -> bool:
        self.unscaled.discard(optimizer)
        self.unscale_(optimizer)
        finite = all(bool(gradient.isfinite().all()) for gradient in gradients_of(optimizer))
        if finite:
            optimizer.step()
        self.outcomes.append(finite)
        return finite

    def update(self) -> None:
        if not self.outcomes:
            return
        if not all(self.outcomes):
            self.factor *= self.backoff_factor
            self.good_steps = 0
        else:
            self.good_steps += 1
            if self.good_steps == self.growth_interval:
                self.factor *= self.growth_factor
                self.good_steps = 0
        self.unscaled.clear()
        self.outcomes.clear()

    def get_scale(self) -> float:
        return self.factor

    def state_dict(self) -> dict[str, Any]:
        return {"scale": self.factor, "good_steps": self.good_steps}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.factor, self.good_steps = state["scale"], state["good_steps"]


def amp_step(
    model: nn.Module,
    x: Tensor,
    y: Tensor,
    loss_fn: Callable[[Tensor, Tensor], Tensor],
    optimizer: Optimizer,
    scaler: GradScaler,
    dtype: torch.dtype = torch.bfloat16,
    max_norm: float | None = None,
) -> float:
    optimizer.zero_grad()
    device = next(model.parameters()).device
    with torch.autocast(device.type, dtype=dtype):
        outputs = model(x)  # matrix products in `dtype`; the weights themselves stay float32
    loss = loss_fn(outputs.float(), y)  # sums of many small numbers: not in half precision
    scaler.scale(loss).backward()
    if max_norm is not None:
        scaler.unscale_(optimizer)  # first, or the limit would mean something else whenever the scale changes
        nn.utils.clip_grad_norm_(model.parameters(), max_norm)
    scaler.step(optimizer)
    scaler.update()
    return loss.item()
