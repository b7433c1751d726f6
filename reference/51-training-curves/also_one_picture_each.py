"""Another right way: a picture with one panel for each series, drawn without pyplot; the average one step at a time."""

import math


class _Average:
    def __init__(self, beta):
        self.beta, self.total, self.weight = beta, 0.0, 0.0

    def __call__(self, value):
        if value == value:
            self.total = self.beta * self.total + value
            self.weight = self.beta * self.weight + 1.0
        return self.total / self.weight if self.weight else math.nan


def ema(values, beta=0.9):
    return list(map(_Average(beta), values))


class EarlyStopping:
    def __init__(self, patience=5, min_delta=0.0, mode="min"):
        if mode == "min":
            self.best = float("inf")
        elif mode == "max":
            self.best = float("-inf")
        else:
            raise ValueError("mode must be min or max")
        self.mode, self.min_delta = mode, min_delta
        self.best_step, self.step_number = -1, 0
        self.left = self.patience = patience

    def step(self, value):
        gain = self.best - value if self.mode == "min" else value - self.best
        self.left -= 1
        if gain > self.min_delta:
            self.best, self.best_step, self.left = value, self.step_number, self.patience
        self.step_number += 1
        return self.left <= 0


def plot_history(history, path):
    if not history:
        raise ValueError("empty history")
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4, 2 * len(history)), layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(len(history), sharex=True, squeeze=False)[:, 0]
    for panel, (name, values) in zip(panels, history.items(), strict=True):
        panel.plot(values, label=name)
        panel.set_ylabel(name)
    panels[-1].set_xlabel("epoch")
    figure.legend()
    figure.canvas.print_figure(path)
