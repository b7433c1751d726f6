"""Lower the learning rate when the validation metric has stopped improving."""

from typing import Any

import torch
from torch.optim import Optimizer


class ReduceOnPlateau:
    """Multiplies the rate of every parameter group by `factor` after more than `patience` steps without improvement.

    mode: "min" (improved: metric < best * (1 - threshold)) or "max" (metric > best * (1 + threshold)).
    cooldown: how many steps after a reduction are not counted as bad.
    min_lr: no rate is reduced below it. A rate is set only where it falls by more than 1e-8.
    Raises ValueError for another mode and for a factor that is not between 0 and 1, both excluded.
    """

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
        raise NotImplementedError

    def step(self, metric: float) -> None:
        """Takes the metric of one validation (nan is no improvement) and reduces the rates when it is time."""
        raise NotImplementedError

    def state_dict(self) -> Any:
        """A snapshot, without the optimizer's rates; it does not change with later steps."""
        raise NotImplementedError

    def load_state_dict(self, state: Any) -> None:
        """Continues where the snapshot was taken. Does not set the optimizer's rates."""
        raise NotImplementedError


if __name__ == "__main__":
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    scheduler = ReduceOnPlateau(optimizer, factor=0.5, patience=1, threshold=0.0, cooldown=1)
    for metric in [4.0, 3.0, 3.0, 3.5, 3.0, 3.0, 3.0]:
        scheduler.step(metric)
        print(metric, optimizer.param_groups[0]["lr"])  # expected: 1, 1, 1, 0.5, 0.5, 0.5, 0.25
