"""What 45-reduce-on-plateau is judged on."""

import math

import torch
import torch.nn.functional as F
from hypothesis import strategies as some
from torch import nn

from judge.checks import at_most, check, outcome

MODES = some.sampled_from(["min", "max"])
EIGHTHS = [eighths / 8 for eighths in range(-12, 25)]  # with the thresholds: exact in binary, or far from equal
METRICS = some.lists(some.sampled_from(EIGHTHS), min_size=1, max_size=10)
THRESHOLDS = some.sampled_from([0.0, 0.25, 0.2857, 1e-4])


def groups(make, *rates):
    """An optimizer with one parameter of its own for each rate."""
    return torch.optim.SGD([{"params": [nn.Parameter(make.normal(2))], "lr": rate} for rate in rates], lr=0.5)


def rates_after(make, optimizer, scheduler, metrics):
    """(steps, groups): the rates after each step."""
    seen = []
    for metric in metrics:
        scheduler.step(metric)
        seen.append([float(group["lr"]) for group in optimizer.param_groups])
    return torch.tensor(seen, dtype=make.dtype)


def run(solution, make, metrics, *options, rates=(1.0,), **named):
    optimizer = groups(make, *rates)
    return rates_after(make, optimizer, solution.ReduceOnPlateau(optimizer, *options, **named), metrics)


def wandering(make, steps, low, high):
    """Metrics in eighths that go up and down."""
    return (make.integers(low, high, steps) / 8).tolist()


@check("values", points=20, mode=MODES, metrics=METRICS, patience=some.integers(0, 3), threshold=THRESHOLDS)
def waits_for_an_improvement(solution, make, mode, metrics, patience, threshold):
    """The rate after every step, without cooldown: patience, relative threshold, best so far."""

    def many(low, high):
        sequences = [wandering(make, 12, low, high) for _ in range(12)]
        options = [(mode, 0.5, make.integer(0, 4), threshold) for _ in sequences]
        return [run(solution, make, metrics, *rest) for metrics, rest in zip(sequences, options, strict=True)]

    return {
        "drawn": lambda: run(solution, make, metrics, mode, 0.5, patience, threshold),
        "positive metrics": lambda: many(1, 24),
        "negative metrics": lambda: many(-24, 0),
        "both signs": lambda: many(-12, 12),
    }


@check(
    "values",
    points=20,
    mode=MODES,
    metrics=METRICS,
    patience=some.integers(0, 2),
    cooldown=some.integers(0, 3),
    factor=some.sampled_from([0.5, 0.1, 0.9]),
)
def lets_it_cool_down(solution, make, mode, metrics, patience, cooldown, factor):
    """The rate after every step with a cooldown."""

    def by_name(metrics):
        return run(
            solution, make, metrics, mode=mode, factor=factor, patience=patience, threshold=0.25, cooldown=cooldown
        )

    def many():
        sequences = [wandering(make, 20, 1, 24) for _ in range(8)]
        options = [(make.integer(0, 3), 0.0, make.integer(0, 4)) for _ in sequences]
        return [
            run(solution, make, metrics, mode, factor, *rest) for metrics, rest in zip(sequences, options, strict=True)
        ]

    return {"drawn": lambda: by_name(metrics), "never better": lambda: by_name([1.0] * 14), "many": many}


@check("values", points=15)
def keeps_each_groups_rate(solution, make):
    """Several groups, the smallest rate, changes below 1e-8, rates that somebody else has set."""
    flat = [1.0] * 8

    def set_by_hand(*options, steps=4, rate=0.3):
        optimizer = groups(make, 0.8, 0.1)
        scheduler = solution.ReduceOnPlateau(optimizer, "min", 0.5, 1, *options)
        before = rates_after(make, optimizer, scheduler, flat[:steps])
        for group in optimizer.param_groups:
            group["lr"] = rate
        return before, rates_after(make, optimizer, scheduler, flat)

    def reloaded():
        optimizer = groups(make, 0.8, 0.1)
        scheduler = solution.ReduceOnPlateau(optimizer, "min", 0.5, 1)
        optimizer.load_state_dict(groups(make, 0.6, 0.4).state_dict())
        return rates_after(make, optimizer, scheduler, flat)

    return {
        "two groups": lambda: run(solution, make, flat, "min", 0.5, 1, rates=(0.8, 0.1)),
        "min_lr": lambda: run(solution, make, flat, "min", 0.5, 0, min_lr=0.15, rates=(0.8, 0.2)),
        "min_lr above a rate": lambda: run(solution, make, flat, "min", 0.5, 0, min_lr=0.15, rates=(0.8, 0.01)),
        "tiny rates": lambda: run(solution, make, flat, "min", 0.1, 0, rates=(3e-7, 1e-8)) * 1e8,
        "changes of 1.5e-8 and 1e-8": lambda: run(solution, make, flat, "min", 0.5, 0, rates=(3e-8, 2e-8)) * 1e8,
        "set by hand": set_by_hand,
        "at the minimum, then set by hand": lambda: set_by_hand(0.0, 2, 0.9, steps=3, rate=2.0),
        "the optimizer's state was loaded": reloaded,
    }


@check("values", points=15, tag="edge")
def survives_the_edges(solution, make):
    """Defaults, thresholds met exactly or relative to large and small metrics, nan and infinity, bad arguments."""
    nan, inf = math.nan, math.inf

    def half(metrics, mode="min", patience=0, threshold=0.25, **named):
        return run(solution, make, metrics, mode, 0.5, patience, threshold, **named)

    def refused(**options):
        return outcome(lambda: solution.ReduceOnPlateau(groups(make, 0.1), **options) is None)

    return {
        "defaults": lambda: run(solution, make, [1.0, *[0.99995] * 25]),
        "default threshold": lambda: run(solution, make, [1.0, 0.9998, 0.9996, 0.99955, 0.9994], "min", 0.5, 0),
        "threshold met exactly, min": lambda: half([2.0, 1.5, 1.0, 0.75]),
        "threshold met exactly, max": lambda: half([1.0, 1.25, 1.5, 2.0], "max"),
        "large metrics": lambda: half([2000.0, 1900.0, 1400.0, 1100.0]),
        "small metrics": lambda: half([0.002, 0.0014, 0.0011, 0.0005]),
        "the same negative metric": lambda: [half([-1.0] * 4), half([-1.0] * 4, "max")],
        "nan": lambda: half([2.0, nan, 1.0, nan, nan, 0.5], patience=1),
        "nan first": lambda: [half([nan, 1.0, nan, 0.5, 2.0]), half([nan, 1.0, nan, 2.0, 0.5], "max")],
        "nan first, with patience": lambda: half([nan, nan, 1.0, nan, nan, nan], patience=2),
        "infinity": lambda: [half([inf, inf, 1.0, inf]), half([-inf, -inf, 1.0, -inf], "max")],
        "minus infinity": lambda: [half([-inf, 1.0, -inf]), half([inf, 1.0, inf], "max")],
        "bad mode": lambda: [refused(mode="MIN"), refused(mode="mean")],
        "factor at least 1": lambda: [refused(factor=1.0), refused(factor=1.5)],
        "factor not positive": lambda: [refused(factor=0.0), refused(factor=-0.5)],
    }


@check("values", points=20, done=some.integers(0, 12), mode=MODES)
def continues_after_a_restart(solution, make, done, mode):
    """A new object that loads the state goes on as the old one; the state is a snapshot and holds no rates."""
    metrics = wandering(make, done + 8, 6, 16)
    options = {"mode": mode, "factor": 0.5, "patience": 1, "threshold": 0.0, "cooldown": 2}

    def begun():
        optimizer = groups(make, 0.8, 0.1)
        scheduler = solution.ReduceOnPlateau(optimizer, **options)
        for metric in metrics[:done]:
            scheduler.step(metric)
        return optimizer, scheduler

    def resumed(state, optimizer_state=None, first=True):
        optimizer = groups(make, 3.0, 2.0)
        if optimizer_state is not None and first:
            optimizer.load_state_dict(optimizer_state)
        scheduler = solution.ReduceOnPlateau(optimizer, **options)
        scheduler.load_state_dict(state)
        if optimizer_state is not None and not first:
            optimizer.load_state_dict(optimizer_state)
        at_once = torch.tensor([float(group["lr"]) for group in optimizer.param_groups], dtype=make.dtype)
        return at_once, rates_after(make, optimizer, scheduler, metrics[done:])

    def with_the_optimizer(first):
        optimizer, scheduler = begun()
        return resumed(scheduler.state_dict(), optimizer.state_dict(), first)

    def goes_on_after_saving():
        optimizer, scheduler = begun()
        saved = scheduler.state_dict()
        on = rates_after(make, optimizer, scheduler, metrics[done:])
        return on, resumed(saved), resumed(saved)

    def better_after_saving():
        scheduler = solution.ReduceOnPlateau(groups(make, 0.8), "min", 0.5, 1, 0.0)
        scheduler.step(2.0)
        saved = scheduler.state_dict()
        scheduler.step(1.0)  # which what was saved knows nothing of
        optimizer = groups(make, 0.8)
        other = solution.ReduceOnPlateau(optimizer, "min", 0.5, 1, 0.0)
        other.load_state_dict(saved)
        return rates_after(make, optimizer, other, [1.75, 1.5, 1.75, 1.25, 1.5])

    return {
        "optimizer loaded first": lambda: with_the_optimizer(True),
        "optimizer loaded last": lambda: with_the_optimizer(False),
        "optimizer not loaded": lambda: resumed(begun()[1].state_dict()),
        "goes on after saving": goes_on_after_saving,
        "better after saving": better_after_saving,
    }


def a_noisy_line(make):
    """A linear function of 8 features under noise; the noiseless values of the last 256 rows are hidden."""
    x, weights = make.normal(2912, 8), make.normal(8)
    y = x @ weights / weights.norm()
    noisy = y + 0.8 * make.normal(len(y))
    return {
        "x": x[:2400], "y": noisy[:2400], "x_val": x[2400:2656], "y_val": noisy[2400:2656], "x_new": x[2656:]
    }, y[2656:]  # fmt: skip


def unexplained(predictions, targets):
    if not isinstance(predictions, torch.Tensor) or predictions.shape != targets.shape:
        return f"the model does not map (256, 8) to {tuple(targets.shape)} predictions"
    return float((predictions.double() - targets).square().mean() / targets.double().var())


@check("convergence", points=10, task=a_noisy_line, judged_by=at_most(0.1, unexplained, "unexplained variance"))
def settles_in_the_noise(solution, make, given):
    """SGD on few noisy samples a step; the rate falls when the validation loss has stopped falling."""
    layer = nn.Linear(8, 1).to(make.device)
    optimizer, losses = torch.optim.SGD(layer.parameters(), lr=0.1), []
    scheduler = solution.ReduceOnPlateau(optimizer, factor=0.5, patience=1)
    for step in range(600):
        rows = slice(step * 4, step * 4 + 4)
        loss = F.mse_loss(layer(given["x"][rows]).squeeze(1), given["y"][rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 20 == 19:
            with torch.no_grad():
                losses.append(F.mse_loss(layer(given["x_val"]).squeeze(1), given["y_val"]).item())
            scheduler.step(losses[-1])
    with torch.no_grad():
        return layer(given["x_new"]).squeeze(1), losses
