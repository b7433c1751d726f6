import math
from collections.abc import Sequence
from os import PathLike


def ema(values: Sequence[float], beta: float = 0.9) -> list[float]:
    """The exponential moving average of a curve, bias-corrected, one number for each entry.

    An entry that is nan is skipped: it repeats the last result (nan where there is none yet) and leaves no other trace.
    """
    raise NotImplementedError


class EarlyStopping:
    """Says when to stop, given one value a step.

    An improvement is a value better than `best` by more than min_delta: lower with mode "min", higher with "max"; nan
    never is one. best: the value of the last improvement, inf or -inf before the first. best_step: its step, counted
    from 0, -1 before the first. Raises ValueError for any other mode.
    """

    best: float
    best_step: int

    def __init__(self, patience: int = 5, min_delta: float = 0.0, mode: str = "min"):
        raise NotImplementedError

    def step(self, value: float) -> bool:
        """Takes the value of the next step; whether the last `patience` steps in a row brought no improvement."""
        raise NotImplementedError


def plot_history(history: dict[str, Sequence[float]], path: str | PathLike[str]) -> None:
    """Draws every series of the history with matplotlib, imported in here, and writes a picture file (.png or .svg).

    One line for each series, labelled with its name; a legend; a label on either axis. Needs no display, whichever
    backend is configured, and leaves no figure open, also when saving fails. Raises ValueError for an empty history.
    """
    raise NotImplementedError


if __name__ == "__main__":
    print(ema([1.0, 2.0, math.nan, 4.0], beta=0.5))  # expected: 1, 5/3, 5/3, 3
    stopping = EarlyStopping(patience=2, min_delta=0.1)
    print([stopping.step(value) for value in (1.0, 0.5, 0.45, 0.42)])  # expected: False, False, False, True
    print(stopping.best, stopping.best_step)  # expected: 0.5 1
    plot_history({"training loss": [1.0, 0.5, 0.3], "validation loss": [1.1, 0.7, 0.6]}, "history.png")
