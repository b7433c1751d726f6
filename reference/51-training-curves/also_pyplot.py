"""Another right way: weights written out, two comparisons, and pyplot with a backend for files."""

import math

import numpy


def ema(values, beta=0.9):
    curve = numpy.asarray(values, dtype=numpy.float64)
    result, last = [], float("nan")
    for end in range(1, len(curve) + 1):
        if curve[end - 1] == curve[end - 1]:
            known = curve[:end][~numpy.isnan(curve[:end])]
            weights = numpy.power(float(beta), numpy.arange(len(known) - 1, -1, -1))
            last = float((weights * known).sum() / weights.sum())
        result.append(last)
    return result


class EarlyStopping:
    def __init__(self, patience=5, min_delta=0.0, mode="min"):
        starts = {"min": math.inf, "max": -math.inf}
        if mode not in starts:
            raise ValueError(mode)
        self.better = {
            "min": lambda value, best: value < best - min_delta,
            "max": lambda value, best: value > best + min_delta,
        }[mode]
        self.best, self.best_step = starts[mode], -1
        self._patience, self._now = patience, -1

    def step(self, value):
        self._now += 1
        if self.better(value, self.best):
            self.best, self.best_step = value, self._now
        return self._now - self.best_step >= self._patience


def plot_history(history, path):
    if len(history) == 0:
        raise ValueError("nothing to plot")
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    fig = plt.figure(figsize=(5, 3))
    try:
        for name in history:
            plt.plot([i + 1 for i in range(len(history[name]))], list(history[name]), "o-", label=name)
        plt.xlabel("epoch")
        plt.ylabel("metric")
        plt.grid(True)
        plt.legend(loc="best")
        plt.tight_layout()
        plt.savefig(str(path), dpi=120)
    finally:
        plt.close(fig)
