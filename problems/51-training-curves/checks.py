"""What 51-training-curves is judged on."""

import functools
import math
import os
import sys
from pathlib import Path
from xml.etree import ElementTree

import numpy
import torch
from hypothesis import strategies as some

from judge.checks import Raised, check, outcome

NAN = some.just(math.nan)
CURVE = some.lists(some.floats(-8, 8, width=16), max_size=8)
CURVE_WITH_GAPS = some.lists(some.one_of(NAN, some.floats(-8, 8, width=16)), max_size=8)
BETA = some.sampled_from([0.9, 0.5, 0.0, 0.99])
QUARTERS = some.integers(-4, 4).map(lambda number: number / 4)  # exact, so that min_delta is hit exactly


def curve_of(result):
    right = isinstance(result, list) and all(isinstance(number, float) for number in result)
    return {
        "a list of floats": right,
        "numbers": torch.tensor([float(number) for number in result], dtype=torch.float64),
    }


@check("values", points=15, part="ema", values=CURVE, beta=BETA)
def averages(solution, make, values, beta):
    """The bias-corrected average of curves without gaps, a list of floats."""
    return {"ema": lambda: curve_of(solution.ema(values, beta)), "default beta": lambda: curve_of(solution.ema(values))}


@check("values", points=15, part="ema", tag="edge", values=CURVE_WITH_GAPS, beta=BETA, examples=20)
def skips_gaps(solution, make, values, beta):
    """Curves with nan: the last result is repeated, at the start there is none; the curve stays as it was."""

    def unchanged():
        curve = list(values)
        solution.ema(curve, beta)
        return curve

    return {
        "ema": lambda: curve_of(solution.ema(values, beta)),
        "a tuple": lambda: curve_of(solution.ema(tuple(values), beta)),
        "the curve afterwards": unchanged,
    }


def steps_of(stopping, values):
    """What is said, and what is kept, after each step."""
    return [{"stop": stopping.step(value), "best": stopping.best, "best_step": stopping.best_step} for value in values]


@check(
    "values",
    points=20,
    part="EarlyStopping",
    values=some.lists(QUARTERS, min_size=1, max_size=10),
    patience=some.integers(1, 3),
    min_delta=some.sampled_from([0.0, 0.25, 0.5]),
    mode=some.sampled_from(["min", "max"]),
    examples=40,
)
def stops_in_time(solution, make, values, patience, min_delta, mode):
    """After every step: whether to stop, the best value and its step."""
    small_steps = [4.0, 3.75, 3.5, 3.25, 3.0, 2.75, 2.75, 2.75, 2.75]
    return {
        "drawn": lambda: steps_of(solution.EarlyStopping(patience, min_delta, mode), values),
        "small steps down": lambda: steps_of(solution.EarlyStopping(3, 0.3, "min"), small_steps),
        "small steps up": lambda: steps_of(solution.EarlyStopping(3, 0.3, "max"), [-value for value in small_steps]),
    }


@check("values", points=10, part="EarlyStopping", tag="edge")
def starts_from_nothing(solution, make):
    """Before any improvement; nan and infinite values; the defaults; going on after a stop; ValueError."""
    stopping = solution.EarlyStopping

    def made_with(mode):
        return type(stopping(5, 0.0, mode)).__name__

    def fresh(mode):
        new = stopping(mode=mode)
        return new.best, new.best_step

    return {
        "before the first step": lambda: [fresh("min"), fresh("max")],
        "nan at first": lambda: steps_of(stopping(2), [math.nan, math.nan, 1.0, 2.0]),
        "nan at first, max": lambda: steps_of(stopping(2, mode="max"), [math.nan, -5.0, math.nan, -6.0]),
        "nan later": lambda: steps_of(stopping(3, 0.25), [3.0, math.nan, 1.0, math.nan, 2.0, math.nan]),
        "infinite at first": lambda: steps_of(stopping(2), [math.inf, math.inf, 1.0]),
        "defaults": lambda: steps_of(stopping(), [2.0, 1.0, 1.0, 1.5, 1.0, 3.0, 1.0, 1.0]),
        "going on": lambda: steps_of(stopping(1), [1.0, 2.0, 3.0, 0.5, 4.0]),
        "bad modes": lambda: [outcome(made_with, mode) for mode in ("minimum", "", "MAX")],
    }


def picture_of(call):
    """What the figure shows that is drawn last while `call` runs."""
    from matplotlib.figure import Figure

    figures, draw = [], Figure.draw

    @functools.wraps(draw)
    def noted(figure, *arguments, **named):
        figures[:] = [figure]
        return draw(figure, *arguments, **named)

    Figure.draw = noted
    try:
        call()
    finally:
        Figure.draw = draw
    if not figures:
        return "matplotlib drew no figure"
    (figure,) = figures
    lines = [line for axes in figure.axes for line in axes.get_lines() if not line.get_label().startswith("_")]
    legends = [*figure.legends, *(axes.get_legend() for axes in figure.axes if axes.get_legend() is not None)]
    return {
        "labelled lines": len(lines),
        "lines": {line.get_label(): heights(line) for line in lines},
        "legend": sorted(text.get_text() for legend in legends for text in legend.get_texts()),
        "label on the x axis": any(axes.get_xlabel() for axes in figure.axes),
        "label on the y axis": any(axes.get_ylabel() for axes in figure.axes),
    }


def heights(line):
    return torch.tensor(numpy.ma.filled(numpy.ma.asarray(line.get_ydata(orig=True), dtype=float), math.nan))


def history_of(make, length=6):
    return {"training loss": make.uniform(length).tolist(), "validation loss": make.uniform(length).tolist()}


@check("values", points=15, part="plot_history")
def draws_every_series(solution, make):
    """One labelled line for each series, with its numbers; a legend; a label on either axis."""

    def picture(history):
        before = {name: list(values) for name, values in history.items()}
        seen = picture_of(lambda: solution.plot_history(history, Path(make.folder) / "history.png"))
        changed = [name for name in before if str(list(history[name])) != str(before[name])]
        return seen, {"changed in the history": changed}

    return {
        "two series": lambda: picture(history_of(make)),
        "other lengths, gaps": lambda: picture({"a": [3.0, 1.0], "b": (2.0, math.nan, 1.0, 4.0), "c": [0.5]}),
    }


def pixels(path):
    from matplotlib.image import imread

    picture = torch.from_numpy(numpy.array(imread(path), dtype=numpy.float32))
    return picture[..., :3] if picture.ndim == 3 else picture


@check("values", points=10, part="plot_history")
def writes_pictures(solution, make):
    """.png and .svg files that can be read, are not blank, and differ with the data."""

    def png():
        first, second = Path(make.folder) / "first.png", Path(make.folder) / "second.png"
        solution.plot_history(history_of(make), first)
        solution.plot_history(history_of(make), second)
        one, other = pixels(first), pixels(second)
        return {
            "blank": bool((one == one[0, 0]).all()),
            "same picture for other data": one.shape == other.shape and bool((one == other).all()),
        }

    def svg():
        path = os.path.join(make.folder, "history.svg")
        solution.plot_history(history_of(make), path)
        root = ElementTree.parse(path).getroot()
        shapes = sum(len(root.findall(f".//{{*}}{shape}")) for shape in ("path", "polyline", "line"))
        return {"root": root.tag.rsplit("}")[-1], "blank": shapes == 0}

    return {".png": png, ".svg, path is a str": svg}


@check("values", points=10, part="plot_history", tag="edge")
def leaves_nothing_behind(solution, make):
    """No figure stays open, also when saving fails; ValueError for an empty history, and no file."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot

    def left_open(call):
        before = pyplot.get_fignums()
        result = call()
        return result, {"figures left open": len(pyplot.get_fignums()) - len(before)}

    def picture():
        solution.plot_history(history_of(make), Path(make.folder) / "history.png")

    def nowhere():
        picture()
        result = outcome(solution.plot_history, history_of(make), Path(make.folder) / "nowhere" / "history.png")
        return {"an error": isinstance(result, Raised)}

    def empty():
        path = Path(make.folder) / "empty.png"
        return outcome(solution.plot_history, {}, path), {"a file": path.exists()}

    return {
        "after a picture": lambda: left_open(picture),
        "folder does not exist": lambda: left_open(nowhere),
        "empty history": lambda: left_open(empty),
    }


def draws_with_a_broken_backend(solution, make):
    """In a fresh process, whose configured backend cannot be loaded."""
    seen = {"matplotlib is imported with your file": "matplotlib" in sys.modules}
    os.environ["MPLBACKEND"] = "module://backend_of_a_display_that_is_not_there"
    path = Path(make.folder) / "history.png"
    solution.plot_history(history_of(make), path)
    return seen | {"a file": path.is_file()}


@check("values", points=5, part="plot_history", tag="edge", then=draws_with_a_broken_backend)
def needs_no_display(solution, make):
    """Draws where the configured backend cannot be loaded; matplotlib is imported only in plot_history."""
