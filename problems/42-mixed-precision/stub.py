"""Train in half precision without losing small gradients."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer


class GradScaler:
    """Multiplies losses by a scale, takes it out of the gradients again, and adapts it.

    After an update with a skipped step: scale *= backoff_factor, and the count of good steps restarts. After
    `growth_interval` good steps in a row: scale *= growth_factor, and the count restarts.
    """

    def __init__(
        self,
        init_scale: float = 2.0**16,
        growth_factor: float = 2.0,
        backoff_factor: float = 0.5,
        growth_interval: int = 2000,
    ):
        raise NotImplementedError

    def scale(self, loss: Tensor) -> Tensor:
        """The loss times the scale."""
        raise NotImplementedError

    def unscale_(self, optimizer: Optimizer) -> None:
        """Divides the gradients of the optimizer's parameters by the scale.

        Raises RuntimeError when called again for the same optimizer before the next update.
        """
        raise NotImplementedError

    def step(self, optimizer: Optimizer) -> bool:
        """Unscales unless done since the last update; calls optimizer.step() if every gradient is finite.

        Returns whether it did.
        """
        raise NotImplementedError

    def update(self) -> None:
        """Adapts the scale to the steps since the last update: one skipped makes a skip, none changes nothing."""
        raise NotImplementedError

    def get_scale(self) -> float:
        """The present scale."""
        raise NotImplementedError

    def state_dict(self) -> Any:
        """A snapshot of the scale and the count of good steps."""
        raise NotImplementedError

    def load_state_dict(self, state: Any) -> None:
        """Continues where the snapshot was taken."""
        raise NotImplementedError


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
    """One training step in mixed precision; returns the unscaled loss.

    The model runs under autocast (`dtype`, on its device), loss_fn outside of it on the outputs as float32. Earlier
    gradients are discarded. With max_norm the unscaled gradients are multiplied by min(1, max_norm / (norm + 1e-6)),
    the 2-norm over all parameters together. Step and update of the scaler follow. Weights stay float32, modes as they
    are.
    """
    raise NotImplementedError


if __name__ == "__main__":
    weight = nn.Parameter(torch.tensor([1.0]))
    optimizer, scaler = torch.optim.SGD([weight], lr=0.5), GradScaler(init_scale=8.0, growth_interval=2)
    for slope in (1.0, 1.0, float("inf")):
        optimizer.zero_grad()
        scaler.scale((slope * weight).sum()).backward()
        stepped = scaler.step(optimizer)
        scaler.update()
        print(stepped, weight.item(), scaler.get_scale())  # True 0.5 8, then True 0 16, then False 0 8
