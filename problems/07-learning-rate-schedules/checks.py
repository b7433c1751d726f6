"""What 07-learning-rate-schedules is judged on."""

import torch
from hypothesis import strategies as some
from torch import nn

from judge.checks import at_most, check, outcome

RATES = some.sampled_from([0.1, 1.0, 3e-4, 25.0])
MIN_RATES = some.sampled_from([0.0, 0.01, 0.1, 2.0])
WARMUPS = some.integers(0, 6)
RESTS = some.integers(1, 8)  # total_steps - warmup_steps


def curve(make, rates):
    return torch.tensor(rates, dtype=make.dtype)


def groups(make, *rates, momentum=0.0):
    """An optimizer with one parameter of its own for each rate."""
    return torch.optim.SGD(
        [{"params": [nn.Parameter(make.normal(2))], "lr": rate} for rate in rates], lr=0.5, momentum=momentum
    )


def rates_of(optimizer):
    return [group["lr"] for group in optimizer.param_groups]


def follow(make, optimizer, scheduler, steps):
    """The rates now and after each of `steps` steps: those in the optimizer and those that get_last_lr tells."""
    seen = [(rates_of(optimizer), list(scheduler.get_last_lr()))]
    for _ in range(steps):
        scheduler.step()
        seen.append((rates_of(optimizer), list(scheduler.get_last_lr())))
    return {
        "in the optimizer": curve(make, [rates for rates, _ in seen]),
        "get_last_lr": curve(make, [rates for _, rates in seen]),
    }


@check(
    "values",
    points=15,
    part="step_decay",
    base_lr=RATES,
    step_size=some.integers(1, 6),
    gamma=some.sampled_from([0.5, 0.1, 0.9, 1.0, 2.0]),
)
def falls_in_steps(solution, make, base_lr, step_size, gamma):
    """step_decay: the whole curve, and one step far away."""

    def far():
        return curve(make, [solution.step_decay(1000 * step_size - 1 + i, base_lr, step_size, 0.999) for i in range(3)])

    return {
        "curve": lambda: curve(make, [solution.step_decay(step, base_lr, step_size, gamma) for step in range(16)]),
        "far away": far,
    }


@check("values", points=20, part="warmup_cosine", base_lr=RATES, warmup_steps=WARMUPS, rest=RESTS, min_lr=MIN_RATES)
def warms_up_and_follows_the_cosine(solution, make, base_lr, warmup_steps, rest, min_lr):
    """warmup_cosine: the whole curve, from the first step to beyond the last."""
    total_steps = warmup_steps + rest

    def along(*arguments):
        steps = [*range(total_steps + 4), 10 * total_steps, 10**6]
        return curve(make, [solution.warmup_cosine(step, base_lr, *arguments) for step in steps])

    def long():
        steps = [0, 1, 99, 100, 101, 500, 998, 999, 1000, 1001]
        return curve(make, [solution.warmup_cosine(step, base_lr, 100, 1000, min_lr) for step in steps])

    return {
        "min_lr given": lambda: along(warmup_steps, total_steps, min_lr),
        "min_lr is 0": lambda: along(warmup_steps, total_steps),
        "no warm-up": lambda: along(0, total_steps, min_lr),
        "1000 steps": long,
    }


@check("shape", points=5, tag="edge")
def returns_python_floats(solution, make):
    """Rates are Python floats: those returned, those in the optimizer, those of get_last_lr."""

    def floats(*rates):
        return ["float" if isinstance(rate, float) else type(rate).__name__ for rate in rates]

    def of_the_class():
        optimizer = groups(make, 0.1, 0.2)
        scheduler = solution.WarmupCosine(optimizer, 2, 5)
        seen = []
        for _ in range(6):
            scheduler.step()
            rates = scheduler.get_last_lr()
            seen.append((type(rates).__name__, floats(*rates, *rates_of(optimizer))))
        return seen

    return {
        "step_decay": lambda: floats(*(solution.step_decay(step, 0.1, 2, 0.5) for step in range(4))),
        "warmup_cosine": lambda: floats(*(solution.warmup_cosine(step, 0.1, 2, 5, 0.01) for step in range(8))),
        "WarmupCosine": of_the_class,
    }


BAD = [(5, 5), (6, 5), (-1, 5), (0, 0), (1, 0)]


@check("values", points=5, tag="edge", part="warmup_cosine")
def refuses_a_long_warm_up(solution, make):
    """warmup_cosine: ValueError when warmup_steps is negative or not below total_steps."""
    return {
        f"warmup_steps {warmup}, total_steps {total}": lambda warmup=warmup, total=total: [
            outcome(solution.warmup_cosine, step, 0.1, warmup, total) for step in (0, 3, 9)
        ]
        for warmup, total in BAD
    }


@check("values", points=5, tag="edge", part="WarmupCosine")
def refuses_it_in_the_constructor(solution, make):
    """WarmupCosine: ValueError in the constructor when warmup_steps is negative or not below total_steps."""
    return {
        f"warmup_steps {warmup}, total_steps {total}": lambda warmup=warmup, total=total: outcome(
            solution.WarmupCosine, groups(make, 0.1), warmup, total
        )
        for warmup, total in BAD
    }


@check(
    "values",
    points=20,
    part="WarmupCosine",
    rates=some.lists(RATES, min_size=1, max_size=3),
    warmup_steps=WARMUPS,
    rest=RESTS,
    min_lr=MIN_RATES,
)
def sets_the_rate_of_every_group(solution, make, rates, warmup_steps, rest, min_lr):
    """WarmupCosine: the rates of all groups when it is made and after every step."""
    total_steps = warmup_steps + rest

    def run(*options, **named):
        optimizer = groups(make, *rates)
        return follow(make, optimizer, solution.WarmupCosine(optimizer, *options, **named), total_steps + 3)

    return {
        "min_lr given": lambda: run(warmup_steps, total_steps, min_lr),
        "min_lr is 0": lambda: run(warmup_steps, total_steps),
        "by name": lambda: run(warmup_steps=warmup_steps, total_steps=total_steps, min_lr=min_lr),
    }


@check("values", points=20, part="WarmupCosine", done=some.integers(0, 12), min_lr=some.sampled_from([0.0, 0.01]))
def continues_after_a_restart(solution, make, done, min_lr):
    """A new object that loads the state goes on, in whatever order the optimizer's own state is loaded."""

    def run(order, rates=(0.1, 0.4)):
        old = groups(make, 0.1, 0.4)
        scheduler = solution.WarmupCosine(old, 3, 10, min_lr)
        for _ in range(done):
            scheduler.step()
        saved, saved_optimizer = scheduler.state_dict(), old.state_dict()
        new = groups(make, *rates)
        if order == "before":
            new.load_state_dict(saved_optimizer)
        resumed = solution.WarmupCosine(new, 3, 10, min_lr)
        if order == "between":
            new.load_state_dict(saved_optimizer)
        resumed.load_state_dict(saved)
        if order == "after":
            new.load_state_dict(saved_optimizer)
        return follow(make, new, resumed, 4)

    return {
        "optimizer not loaded": lambda: run(None),
        "optimizer loaded before it is made": lambda: run("before"),
        "optimizer loaded after it is made": lambda: run("between"),
        "optimizer loaded last": lambda: run("after"),
        "new optimizer with other rates": lambda: run(None, (1.0, 2.0)),
    }


@check("values", points=5, part="WarmupCosine")
def takes_a_snapshot(solution, make):
    """The state stays as it was when it was taken, whoever goes on with the schedule."""

    def made():
        optimizer = groups(make, 0.1, 0.4)
        return optimizer, solution.WarmupCosine(optimizer, 3, 10)

    def goes_on_after_saving():
        _, scheduler = made()
        scheduler.step()
        saved = scheduler.state_dict()
        for _ in range(5):
            scheduler.step()
        optimizer, resumed = made()
        resumed.load_state_dict(saved)
        return follow(make, optimizer, resumed, 2)

    def loaded_twice():
        _, scheduler = made()
        for _ in range(4):
            scheduler.step()
        saved = scheduler.state_dict()
        _, first = made()
        first.load_state_dict(saved)
        first.step()
        optimizer, second = made()
        second.load_state_dict(saved)
        return follow(make, optimizer, second, 2)

    def loads_an_earlier_state():
        optimizer, scheduler = made()
        saved = scheduler.state_dict()
        for _ in range(7):
            scheduler.step()
        scheduler.load_state_dict(saved)
        return follow(make, optimizer, scheduler, 4)

    return {
        "goes on after saving": goes_on_after_saving,
        "loaded twice": loaded_twice,
        "loads an earlier state": loads_an_earlier_state,
    }


def a_noisy_line(make):
    """A linear function of 8 features under much noise; the noiseless values of the last 256 rows are hidden."""
    x, weights = make.normal(2656, 8), make.normal(8)
    y = x @ weights / weights.norm()
    return {"x": x[:2400], "y": y[:2400] + 0.8 * make.normal(2400), "x_new": x[2400:]}, y[2400:]


def unexplained(predictions, targets):
    if not isinstance(predictions, torch.Tensor) or predictions.shape != targets.shape:
        return f"the model does not map (256, 8) to {tuple(targets.shape)} predictions"
    return float((predictions.double() - targets).square().mean() / targets.double().var())


@check(
    "convergence",
    points=5,
    part="WarmupCosine",
    task=a_noisy_line,
    judged_by=at_most(0.1, unexplained, "unexplained variance"),
)
def settles_in_the_noise(solution, make, given):
    """SGD on noisy single samples: the falling rate averages the noise away, a constant one does not."""
    layer = nn.Linear(8, 1).to(make.device)
    optimizer, losses = torch.optim.SGD(layer.parameters(), lr=0.1), []
    scheduler = solution.WarmupCosine(optimizer, 60, 600)
    for step in range(600):
        rows = slice(step * 4, step * 4 + 4)
        loss = (layer(given["x"][rows]).squeeze(1) - given["y"][rows]).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        scheduler.step()
        losses.append(loss.item())
    with torch.no_grad():
        return layer(given["x_new"]).squeeze(1), losses
