"""What 47-hyperparameter-search is judged on."""

import math

import torch
from hypothesis import strategies as some

from judge.checks import at_most, changes, check, moments, outcome, uniform_between

NAN = math.nan


class Objective:
    """Answers with the given numbers in turn, or with what a function says, and notes what it is asked."""

    def __init__(self, answers):
        self.answers = answers
        self.asked = []

    def __call__(self, config):
        self.asked.append(config.clone() if isinstance(config, torch.Tensor) else dict(config))
        return self.answers(config) if callable(self.answers) else self.answers[len(self.asked) - 1]


def searched(search, answers, *arguments, **named):
    """The result of a search, and every configuration it asked for."""
    objective = Objective(answers)
    best, value = search(*arguments, objective=objective, **named)
    return {"best": best, "value": float(value), "asked": objective.asked}


@check(
    "values",
    points=10,
    part="grid_search",
    space=some.dictionaries(
        some.sampled_from(["lr", "width", "act"]), some.lists(some.integers(0, 9), min_size=1, max_size=3), min_size=1
    ),
)
def walks_the_grid(solution, make, space):
    """Every combination once, the last key fastest; the lowest value wins."""
    return searched(solution.grid_search, make.permutation(27).tolist(), space)


@check("values", points=5, part="grid_search", tag="edge")
def decides_ties_and_gaps(solution, make):
    """The first of equals wins, nan never does; values of any kind; ValueError where there is nothing to try."""
    search = solution.grid_search
    space = {"lr": [0.1, 0.01], "act": ("relu", "tanh", None)}
    return {
        "equals": lambda: searched(search, [3.0, 1.0, 2.0, 1.0, 1.0, 4.0], space),
        "nan first": lambda: searched(search, [NAN, 3.0, 2.0, NAN, 2.5, 4.0], space),
        "nan later": lambda: searched(search, [2.0, 3.0, NAN, 1.0, NAN, 4.0], space),
        "infinite": lambda: searched(search, [math.inf, NAN, 5.0, -math.inf, NAN, 4.0], space),
        "empty": lambda: [outcome(searched, search, [1.0], empty) for empty in ({}, {"lr": [0.1], "act": []})],
        "space afterwards": lambda: (searched(search, [1.0] * 6, space), space),
    }


LAWS = {
    "dropout": ("uniform", -1.0, 3.0),
    "lr": ("log", 1e-4, 1.0),
    "layers": ("int", -1, 2),
    "act": ("choice", ["relu", "tanh", "gelu"]),
    "wide": ("int", 0, 2**31 - 1),
}
WIDE = '("int", 0, 2147483647)'
TYPES = {"dropout": float, "lr": float, "layers": int, "act": str, "wide": int}


def follow_their_laws(evidence):
    got = evidence.got
    if not isinstance(got, dict) or set(got) != set(LAWS):
        return "the objective was not asked with dicts that have the keys of the space"
    if any(not isinstance(draws, torch.Tensor) or draws.shape != (2000,) for draws in got.values()):
        return "values should be floats (uniform, log), ints (int), or one of the choices"
    draws = {name: numbers.double() for name, numbers in got.items()}
    sentence = uniform_between(draws["dropout"], -1, 3, 'the draws of ("uniform", -1, 3)')
    sentence = sentence or uniform_between(draws["lr"].log(), math.log(1e-4), 0, 'the logarithms of ("log", 1e-4, 1)')
    sentence = sentence or uniform_between(draws["wide"], 0, 2**31 - 1, f"the draws of {WIDE}")
    if sentence:
        return sentence
    draws["odd"] = draws["wide"] % 2
    for name, values, what in (
        ("layers", (-1, 0, 1, 2), '("int", -1, 2)'),
        ("odd", (0, 1), f"{WIDE} modulo 2"),
        ("act", (0, 1, 2), '("choice", ["relu", "tanh", "gelu"])'),
    ):
        if not set(draws[name].tolist()) <= set(values):
            return f"{what} gave {sorted(set(draws[name].tolist()) - set(values))[0]:g}"
        for value in values:
            share = 1 / len(values)
            hits = (draws[name] == value).double()
            shown = LAWS["act"][1][value] if name == "act" else value
            if not hits.any():
                return f"{what} never gave {shown} in {len(hits)} trials"
            if moments(hits, share, math.sqrt(share * (1 - share)), kurtosis=1 / (share * (1 - share)) - 3):
                return f"{what} gave {shown} in a share of {float(hits.mean()):.3g}, expected {share:.3g}"
    columns = torch.stack(list(draws.values()))
    if float((torch.corrcoef(columns) - torch.eye(len(columns))).abs().max()) > 0.2:
        return "the values of different names depend on each other; every one needs its own draw"
    after = torch.corrcoef(torch.cat([columns[:, 1:], columns[:, :-1]]))[: len(columns), len(columns) :]
    if float(after.abs().max()) > 0.2:
        return "a trial depends on the one before; every one needs its own draw"
    return None


@check("values", points=10, part="random_search", judged_by=follow_their_laws)
def draws_from_the_laws(solution, make):
    """2000 trials: uniform, log-uniform, integers with both ends, choices; each value drawn by itself."""
    objective = Objective(lambda config: 0.0)
    solution.random_search(LAWS, objective, 2000, make.generator())
    names = {name: index for index, name in enumerate(LAWS["act"][1])}
    if any(set(config) != set(LAWS) for config in objective.asked):
        return "other keys"
    if any(not isinstance(config[name], kind) for config in objective.asked for name, kind in TYPES.items()):
        return dict.fromkeys(LAWS)
    return {
        name: torch.tensor(
            [names.get(config[name], -1) if name == "act" else config[name] for config in objective.asked]
        )
        for name in LAWS
    }


@check("values", points=10, part="random_search")
def searches_at_random(solution, make):
    """Exactly `trials` calls, the lowest wins, nan never; the generator decides, the global one is left alone."""

    def run(trials, generator, answers=None):
        return searched(
            solution.random_search, answers or list(range(trials)), LAWS, trials=trials, generator=generator
        )

    def best(answers):
        seen = run(len(answers), make.generator(), answers)
        right = [index for index, config in enumerate(seen["asked"]) if config == seen["best"]]
        return {"calls": len(seen["asked"]), "value": seen["value"], "best is call": right}

    def same_state():
        return {
            "the same again": run(5, make.generator(1))["asked"] == run(5, make.generator(1))["asked"],
            "another state, the same": run(5, make.generator(1))["asked"] == run(5, make.generator(2))["asked"],
        }

    def twice():
        generator = make.generator()
        return {"the same from the advanced state": run(5, generator)["asked"] == run(5, generator)["asked"]}

    def global_generator():
        before = torch.get_rng_state()
        run(5, make.generator())
        moved = int((torch.get_rng_state() != before).sum())
        runs = []
        for seed in (1, 1, 2):
            torch.manual_seed(seed)
            runs.append(run(5, None)["asked"])
        return {"bytes changed": moved, "same seed": runs[0] == runs[1], "other seed": runs[0] == runs[2]}

    return {
        "five": lambda: best([3.0, 1.0, 2.0, 0.5, 4.0]),
        "one": lambda: best([7.0]),
        "nan": lambda: best([NAN, 3.0, NAN, 2.0, NAN]),
        "trials < 1": lambda: [outcome(run, trials, make.generator(), [1.0]) for trials in (0, -1)],
        "generator": same_state,
        "one generator twice": twice,
        "global generator": global_generator,
    }


@check("values", points=10, part="expected_improvement", rows=some.integers(1, 3), columns=some.integers(1, 4))
def expects_improvement(solution, make, rows, columns):
    """Of normal distributions; any shape, `best` a number or a tensor; float64 stays float64."""
    mean, std = make.normal(rows, columns), make.uniform(rows, columns, low=0.2, high=2.0)
    improvement = solution.expected_improvement
    return {
        "matrix": lambda: improvement(mean, std, 0.3),
        "vector": lambda: improvement(mean[0], std[0], -0.5),
        "best is a tensor": lambda: improvement(mean, std, mean.min()),
        "float64": lambda: improvement(mean.double(), std.double(), 0.3),
    }


@check("values", points=10, part="expected_improvement", tag="edge")
def expects_improvement_without_doubt(solution, make):
    """Where std is 0: what is gained, else 0, never nan; far from `best`; inputs unchanged."""
    improvement = solution.expected_improvement
    mean, std = make.tensor([1.0, 2.0, 3.0, 1.0]), make.tensor([0.0, 0.0, 0.0, 0.5])
    return {
        "std 0": lambda: improvement(mean, std, 2.0),
        "all std 0": lambda: improvement(mean, torch.zeros_like(mean), 0.0),
        "far below": lambda: improvement(mean - 1000, std, 2.0),
        "far above": lambda: improvement(mean + 1000, std, 2.0),
        "small std": lambda: improvement(mean, std * 1e-6 + 1e-6, 2.0),
        "inputs": lambda: changes(lambda: improvement(mean, std, 2.0), mean, std),
    }


def predicted(process, x):
    """Mean and standard deviation in float32, which is how precisely they are compared, and their own dtype."""
    mean, std = process.predict(x)
    return {"mean": mean.float(), "std": std.float(), "dtypes": (mean.dtype, std.dtype)}


@check(
    "values",
    points=15,
    part="GaussianProcess",
    known=some.integers(1, 5),
    asked=some.integers(1, 4),
    dim=some.integers(1, 3),
)
def predicts_from_neighbours(solution, make, known, asked, dim):
    """Mean and standard deviation of the function between the points that are known, in float64."""
    x, y, new = make.normal(known, dim), make.normal(known), make.normal(asked, dim)

    def fitted(**options):
        process = solution.GaussianProcess(**options)
        process.fit(x, y)
        return process

    return {
        "noise 0.1": lambda: predicted(fitted(noise=0.1), new),
        "length 0.5": lambda: predicted(fitted(length_scale=0.5, noise=0.02), new),
        "length 3": lambda: predicted(fitted(length_scale=3.0, noise=0.5), new),
        "at the points": lambda: predicted(fitted(noise=0.1), x),
        "far away": lambda: predicted(fitted(), new + 100),
    }


@check("values", points=5, part="GaussianProcess", tag="edge")
def computes_in_float64(solution, make):
    """Also for float32 points that nearly coincide, and for integers; fitted again; inputs unchanged."""

    def close_together():
        process = solution.GaussianProcess()
        x = make.tensor([[0.0], [1e-3], [2e-3], [1.0]], dtype=torch.float32)
        process.fit(x, make.tensor([1.0, 1.0, 1.0, 2.0], dtype=torch.float32))
        return predicted(process, make.tensor([[0.5], [1.5]], dtype=torch.float32))

    def integers():
        process = solution.GaussianProcess(noise=0.1)
        process.fit(make.tensor([[0], [2]]), make.tensor([1, -1]))
        return predicted(process, make.tensor([[1], [3]]))

    def again():
        process = solution.GaussianProcess(noise=0.1)
        process.fit(make.normal(4, 2), make.normal(4))
        process.fit(make.normal(3, 2), make.normal(3))
        return predicted(process, make.normal(5, 2))

    def unchanged():
        x, y, new = make.normal(3, 2).double(), make.normal(3).double(), make.normal(2, 2).double()
        process = solution.GaussianProcess()
        return changes(lambda: (process.fit(x, y), process.predict(new)), x, y, new)

    def without_noise():
        process, x = solution.GaussianProcess(noise=0.0), 1.5 * torch.arange(40.0, device=make.device)[:, None]
        process.fit(x, make.normal(40))
        mean, std = process.predict(x)
        return mean.float(), bool((std < 1e-2).all())

    return {
        "close together": close_together,
        "integers": integers,
        "fitted again": again,
        "inputs": unchanged,
        "noise 0, at the points": without_noise,
    }


def bowl(x):
    return float((x.double() - 0.3).square().sum())


@check("values", points=10, part="bayesian_optimize")
def keeps_the_rules(solution, make):
    """Exactly `trials` calls within the bounds; the best that was seen; the seed decides; ValueError."""

    def run(objective, bounds, trials, **options):
        bounds = make.tensor(bounds, dtype=options.pop("dtype", None))
        noted = Objective(objective)
        x, value = solution.bayesian_optimize(noted, bounds, trials, **options)
        asked = torch.stack(noted.asked)
        return noted, x, value, asked, bounds

    def seen(objective, bounds, trials, **options):
        noted, x, value, asked, bounds = run(objective, bounds, trials, **options)
        slack = 1e-5 * (bounds[:, 1] - bounds[:, 0])
        values = [noted.answers(point) for point in noted.asked]
        lowest = min(number for number in values if not math.isnan(number))
        return {
            "calls": len(noted.asked),
            "a point": (asked[0].shape, asked[0].dtype == bounds.dtype, asked[0].device == bounds.device),
            "inside": bool(((asked >= bounds[:, 0] - slack) & (asked <= bounds[:, 1] + slack)).all()),
            "different points": len(torch.unique(asked, dim=0)) > trials // 2,
            "value above the lowest seen": value - lowest,
            "best is its point": noted.answers(x) == value,
            "result": (x.shape, x.dtype == bounds.dtype, type(value).__name__),
        }

    def global_generator():
        before = torch.get_rng_state()
        run(bowl, [[-1.0, 1.0]], 6)
        return int((torch.get_rng_state() != before).sum())

    def same_seed():
        def same(one, other):
            return bool((one[3] == other[3]).all())

        seeds = ({"seed": 3}, {"seed": 3}, {"seed": 0}, {})
        runs = [run(bowl, [[-1.0, 1.0], [0.0, 5.0]], 8, **options) for options in seeds]
        return {"the same points": same(*runs[:2]), "0 by default": same(*runs[2:])}

    def nan_at_first():
        _, x, value, asked, _ = run([NAN] * 9 + [2.0, 1.0, 3.0], [[0.0, 1.0]], 12)
        return {"calls": len(asked), "value": value, "best is call 11": bool((asked[10] == x).all())}

    def slope(x):
        return float(x[0].double() - x[1].double())

    def unchanged():
        bounds = make.tensor([[-1.0, 1.0], [0.0, 5.0]])
        return changes(lambda: solution.bayesian_optimize(bowl, bounds, 6), bounds)

    wide = [[1e-4, 1e-1], [0.0, 1000.0], [-5.0, -4.0]]
    return {
        "1-D": lambda: seen(bowl, [[-1.0, 2.0]], 9),
        "3-D, other scales": lambda: seen(bowl, wide, 9),
        "float64": lambda: seen(bowl, [[-1.0, 2.0]], 5, dtype=torch.float64),
        "few trials": lambda: [seen(bowl, [[0.0, 1.0]], trials) for trials in (1, 2, 3)],
        "always the same value": lambda: seen(lambda x: 1.0, [[0.0, 1.0]], 8)["calls"],
        "best in a corner": lambda: seen(slope, [[0.0, 1.0], [-2.0, 3.0]], 12)["inside"],
        "nan at first": nan_at_first,
        "nan in a half": lambda: seen(lambda x: NAN if x[0] < 0 else bowl(x), [[-1.0, 1.0]], 12),
        "trials < 1": lambda: [outcome(run, bowl, [[0.0, 1.0]], trials) for trials in (0, -3)],
        "same seed": same_seed,
        "global generator": global_generator,
        "bounds": unchanged,
    }


def heights(function, x):
    """A bowl with ripples along each dimension, which do not mix; x: (..., D)."""
    u = (x.double() - function["low"]) / function["width"]
    return 4 * (u - function["center"]).square() + 0.5 * torch.sin(6 * u + function["phase"])


def landscape(function, x):
    return heights(function, x).sum(-1)


def landscapes(make):
    """Six functions of one variable, ten of two; hidden are their minima and how random search fares."""
    functions, regrets = [], []
    for dim, trials, count in ((1, 12, 6), (2, 24, 10)):
        for _ in range(count):
            function = {
                "low": 3 * make.normal(dim).double(),
                "width": make.uniform(dim, low=1.0, high=10.0).double(),
                "center": make.uniform(dim, low=0.2, high=0.8).double(),
                "phase": make.uniform(dim, high=2 * math.pi).double(),
            }
            functions.append((function, trials))
            line = torch.linspace(0, 1, 4001).double()[:, None]
            minimum = float(heights(function, function["low"] + line * function["width"]).amin(0).sum())
            draws = function["low"] + make.uniform(400, trials, dim).double() * function["width"]
            regrets.append((minimum, float(landscape(function, draws).amin(1).mean()) - minimum))
    return functions, (functions, regrets)


def regret(answer, hidden):
    functions, regrets = hidden
    if not isinstance(answer, list | tuple) or len(answer) != len(functions):
        return "there is no result for each function"
    total = 0.0
    for point, (function, _), (minimum, of_random_search) in zip(answer, functions, regrets, strict=True):
        if not isinstance(point, torch.Tensor) or point.shape != function["low"].shape:
            return "a result is not a point of the function's domain"
        inside = torch.minimum(torch.maximum(point.double(), function["low"]), function["low"] + function["width"])
        total += min(1.0, (float(landscape(function, inside)) - minimum) / of_random_search)
    return total / len(functions)


@check(
    "convergence",
    points=15,
    part="bayesian_optimize",
    task=landscapes,
    judged_by=at_most(0.3, regret, "regret as a share of random search's"),
)
def beats_random_search(solution, make, given):
    """Sixteen hidden functions of one and two variables: far lower than random search with as many calls."""
    found = []
    for index, (function, trials) in enumerate(given):
        bounds = torch.stack([function["low"], function["low"] + function["width"]], 1).to(make.device)
        noted = Objective(lambda x, function=function: float(landscape(function, x)))
        best, _ = solution.bayesian_optimize(noted, bounds, trials, seed=index)
        found.append(best.cpu() if len(noted.asked) == trials else "another number of calls")
    return found
