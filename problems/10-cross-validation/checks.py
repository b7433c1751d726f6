"""What 10-cross-validation is judged on."""

from collections import Counter

import torch
from hypothesis import strategies as some

from judge.checks import changes, check, outcome

SIZES = {"k": some.integers(2, 5), "more": some.integers(0, 9)}


@check("values", points=15, part="kfold", **SIZES)
def splits_in_order(solution, make, k, more):
    """Without shuffle: consecutive blocks in order, larger ones first, ascending indices."""
    n = k + more
    return {"drawn": lambda: solution.kfold(n, k, False), "n = k": lambda: solution.kfold(k, k, shuffle=False)}


def sizes_and_members(splits):
    """What all right splits have in common: sizes, who is validated on, and who is in each split."""
    return {
        "sizes of (train, validation)": [(len(train), len(validation)) for train, validation in splits],
        "all validation parts": torch.cat([validation for _, validation in splits]).sort().values,
        "each split": [torch.cat([train, validation]).sort().values for train, validation in splits],
    }


@check("values", points=15, part="kfold", **SIZES)
def validates_on_everyone_once(solution, make, k, more):
    """Shuffled: sizes of the folds, every index validated on exactly once and never trained on."""
    n = k + more
    return {
        "generator": lambda: sizes_and_members(solution.kfold(n, k, generator=make.generator())),
        "no generator": lambda: sizes_and_members(solution.kfold(n, k)),
        "n = k": lambda: sizes_and_members(solution.kfold(k, k, True, make.generator())),
    }


def chi_square(seen, cells):
    """How unequal the counts of equally likely outcomes are."""
    expected, counts = len(seen) / cells, list(Counter(seen).values())
    return sum((count - expected) ** 2 / expected for count in counts) + (cells - len(counts)) * expected


DRAWS = 600


def folds_equally_likely(cells):
    """Judges (first, again, other, many, from torch's global generator), each a list of sorted validation parts."""

    def judge(evidence):
        first, again, other, many, from_global = evidence.got
        if first != again:
            return "the same generator state gave two different splits"
        if first == other:
            return "generators of different states gave the same split"
        (one, same, another), *draws = from_global
        if one != same:
            return "without a generator, the same state of torch's global generator gave two different splits"
        if one == another:
            return "without a generator, different states of torch's global generator gave the same split"
        for seen, what in ((many, "with a generator"), (draws, "without a generator")):
            # 80 for at most 11 degrees of freedom: false alarm below 1e-11
            if chi_square([tuple(validation) for validation in seen], cells) > 80:
                return f"{what}, the {cells} possible first folds are not equally likely in {DRAWS} draws"
        return None

    return judge


def drawn_splits(split, large, small, make):
    """Splits of `large` from equal and other states, first folds of `small` from one generator and the global one."""

    def parts(generator=None):
        return [sorted(validation.tolist()) for _, validation in split(large, 4, generator=generator)]

    def from_global(state):
        torch.manual_seed(state)
        return parts()

    def first_folds(generator=None):
        return [sorted(split(small, 2, generator=generator)[0][1].tolist()) for _ in range(DRAWS)]

    first = parts(make.generator())
    torch.manual_seed(11)  # the same generator must do whatever the global one's state is
    states = from_global(1), from_global(1), from_global(2)
    return (
        first,
        parts(make.generator()),
        parts(make.generator(1)),
        first_folds(make.generator(2)),
        [
            states,
            *first_folds(),
        ],
    )


@check("values", points=10, part="kfold", judged_by=folds_equally_likely(10))
def shuffles_the_folds(solution, make):
    """All splits are equally likely; from the generator or torch's global one."""
    return drawn_splits(solution.kfold, 20, 5, make)


LABELS = some.lists(some.sampled_from([-3, 0, 1, 40]), min_size=2, max_size=14)


@check("values", points=15, part="stratified_kfold", labels=LABELS, k=some.integers(2, 5))
def spreads_every_class(solution, make, labels, k):
    """Each class in even shares, every index validated on exactly once and never trained on."""
    k = min(k, len(labels))
    labels = make.tensor(labels)

    def shares(labels=labels):
        splits = solution.stratified_kfold(labels, k, make.generator())
        counts = {
            f"class {label}": sorted(
                (int((labels[validation] == label).sum()) for _, validation in splits), reverse=True
            )
            for label in sorted(set(labels.tolist()))
        }
        return {"number of folds": len(splits), "samples per fold, most first": counts}

    def members():
        splits = solution.stratified_kfold(labels, k)
        return {key: value for key, value in sizes_and_members(splits).items() if not key.startswith("sizes")}

    return {"shares": shares, "members": members, "shares of 60": lambda: shares(make.integers(0, 3, 60))}


@check("values", points=10, part="stratified_kfold", judged_by=folds_equally_likely(12))
def shuffles_each_class(solution, make):
    """Within each class all splits are equally likely; from the generator or torch's global one."""
    large, small = make.tensor([0, 1, 1, 0, 2] * 4), torch.tensor([7, -1, 7, 7, -1, 7])  # small: on the CPU, for speed
    return drawn_splits(solution.stratified_kfold, large, small, make)


@check("values", points=5, tag="edge")
def follows_the_contract(solution, make):
    """ValueError for k < 2 and k > n, devices, rare classes, labels unchanged."""
    kfold, stratified = solution.kfold, solution.stratified_kfold

    def on_the_labels_device():
        splits, everyone = stratified(make.tensor([5, 5, 9, 9, 9]), 2), torch.arange(5, device=make.device)
        return [(torch.cat(split)[:, None] == everyone).sum(0) for split in splits]

    def rare():
        splits = stratified(make.tensor([4, 4, 8, 6, 4, 4]), 4, make.generator())
        return sorted(len(set(validation.tolist()) & {0, 1, 4, 5}) for _, validation in splits)

    labels = make.integers(0, 3, 7)
    return {
        "kfold, bad k": lambda: [outcome(kfold, n, k) for n, k in ((5, 1), (5, 0), (3, 4), (1, 2), (5, -2))],
        "kfold, bad k, no shuffle": lambda: [outcome(kfold, n, k, False) for n, k in ((5, 1), (3, 4))],
        "stratified_kfold, bad k": lambda: [outcome(stratified, labels[:n], k) for n, k in ((5, 1), (3, 4), (5, 0))],
        "kfold, on the CPU": lambda: [torch.arange(6)[validation] for _, validation in kfold(6, 3, False)],
        "stratified_kfold, on the labels' device": on_the_labels_device,
        "stratified_kfold, rare classes": rare,
        "unchanged labels": lambda: changes(lambda: stratified(labels, 2, make.generator()), labels),
    }


class Recorder:
    """Makes models, fits and scores them, and keeps what it was given: `self.calls` is [(what, model, x, y), ...]."""

    def __init__(self, scores=None):
        self.scores = scores
        self.made = 0
        self.calls = []

    def make_model(self):
        self.made += 1
        return {"number": self.made}

    def fit(self, model, x, y):
        self.calls.append(("fit", model["number"], x, y))
        model["fitted"] = x
        return {"number": -1}  # whatever fit returns, the model is the one that it was given

    def score(self, model, x, y):
        self.calls.append(("score", model["number"], x, y))
        return 0.125 * len(self.calls) if self.scores is None else self.scores(model, x, y)

    def run(self, solution, inputs, targets, k, **options):
        return solution.cross_validate(self.make_model, self.fit, self.score, inputs, targets, k, **options)


def numbered(make, n, *shape):
    """Inputs of which every number tells its row, row + something below 1, and targets 3 * row + 1."""
    rows = torch.arange(n, device=make.device)
    inputs = rows.to(make.dtype).view(-1, *[1] * len(shape)) + 0.5 * make.uniform(n, *shape)
    return inputs, 3 * rows + 1


def rows_of(x):
    return x.reshape(len(x), -1)[:, 0].floor().long()


@check("values", points=15, part="cross_validate", **SIZES)
def fits_and_scores_every_fold(solution, make, k, more):
    """A new model for each fold, fitted before it is scored; the right rows of inputs and targets; the scores."""
    n = k + more

    def run(*shape, **options):
        recorder, (inputs, targets) = Recorder(), numbered(make, n, *shape)
        scores = recorder.run(solution, inputs, targets, k, **options)
        fits, scored = ([call for call in recorder.calls if call[0] == what] for what in ("fit", "score"))
        pairs = [(rows_of(fit[2]), rows_of(score[2])) for fit, score in zip(fits, scored, strict=True)]
        return {
            "calls": [what for what, *_ in recorder.calls],
            "models": {"made": recorder.made, "used": len({call[1] for call in recorder.calls})},
            "same model fitted and scored": [fit[1] == score[1] for fit, score in zip(fits, scored, strict=True)],
            "rows": sizes_and_members(pairs),
            "inputs": [x - inputs[rows_of(x)] for _, _, x, _ in recorder.calls],
            "targets, minus those of the inputs' rows": [y - targets[rows_of(x)] for _, _, x, y in recorder.calls],
            "scores": scores,
        }

    # These depend on the order of the rows, which is free; so only what they should be is shown: 0.
    def summed(result):
        for name in ("inputs", "targets, minus those of the inputs' rows"):
            result[name] = [difference.abs().sum() for difference in result[name]]
        return result

    return {
        "features": lambda: summed(run(3, generator=make.generator())),
        "images": lambda: summed(run(2, 2, 1)),
    }


@check("values", points=10, part="cross_validate", count=some.integers(4, 7), features=some.integers(1, 3))
def standardizes_by_the_training_part(solution, make, count, features):
    """Leave-one-out: sorted scores, which show how both parts were standardized."""

    def run(inputs, of, standardize=True):
        recorder = Recorder(of)
        scores = recorder.run(solution, inputs, inputs, len(inputs), standardize=standardize)
        return scores.sort().values

    def validation(model, x, y):
        weights = torch.arange(1, x[0].numel() + 1, dtype=x.dtype, device=x.device)
        return float(x.reshape(-1) @ weights)

    def training(model, x, y):
        fitted = model["fitted"]
        return float((fitted.pow(4) + fitted.pow(3)).mean() + x.mean() / 4)

    def constant():
        x = make.normal(count, features, mean=2, std=3)
        return torch.cat([x, torch.full_like(x[:, :1], 3.0)], 1)

    def constant_but_for_one():
        x = constant()
        x[0, -1] = 5.0
        return x

    def nearly_constant():
        return torch.cat([make.normal(count, features), make.uniform(count, 1, low=1e-9, high=2e-9)], 1)

    def hardly_any_spread():
        signs = 1.0 - 2.0 * (torch.arange(count, device=make.device)[:, None] % 2)
        return torch.cat([make.normal(count, features), 1.4e-8 * signs.to(make.dtype)], 1)

    def drawn():
        return make.normal(count, features, mean=2, std=3)

    return {
        "validation part": lambda: run(drawn(), validation),
        "training part": lambda: run(drawn(), training),
        "images": lambda: run(make.normal(count, 2, features, mean=-1, std=2), validation),
        "small numbers": lambda: run(make.normal(count, features, std=1e-4), validation),
        "constant feature": lambda: run(constant(), validation),
        "constant but for one sample": lambda: run(constant_but_for_one(), validation),
        "nearly constant feature": lambda: run(nearly_constant(), training),
        "deviation above 1e-8": lambda: run(hardly_any_spread(), training),
        "standardize=False": lambda: run(drawn(), validation, standardize=False),
    }


def follows_the_generator(evidence):
    first, again, other, own = evidence.got
    if first != again:
        return "the same generator state gave different folds"
    if first == other:
        return "generators of different states gave the same folds"
    if first != own:
        return "the folds are not those of kfold(n, k, shuffle=True, generator=generator)"
    return None


@check("values", points=3, part="cross_validate", judged_by=follows_the_generator)
def draws_the_folds_of_kfold(solution, make):
    """The folds are those of the solution's own kfold, shuffled, from the same generator state."""

    def folds(seed):
        recorder, (inputs, targets) = Recorder(), numbered(make, 20, 2)
        recorder.run(solution, inputs, targets, 4, generator=make.generator(seed))
        return [sorted(rows_of(x).tolist()) for what, _, x, _ in recorder.calls if what == "score"]

    first, again, other = folds(0), folds(0), folds(1)
    own = solution.kfold(20, 4, True, make.generator(0))
    return first, again, other, [sorted(validation.tolist()) for _, validation in own]


@check("values", points=2, part="cross_validate", tag="edge")
def keeps_dtype_and_inputs(solution, make):
    """Scores in the inputs' dtype and on their device, inputs and targets unchanged, ValueError."""

    def scores(dtype=None, **options):
        inputs = make.normal(6, 2, dtype=dtype)
        result = Recorder().run(solution, inputs, make.integers(0, 2, 6), 3, **options)
        return result * torch.ones(3, dtype=inputs.dtype, device=make.device)

    def unchanged(standardize):
        inputs, targets = make.normal(6, 2), make.normal(6)
        return changes(lambda: Recorder().run(solution, inputs, targets, 3, standardize=standardize), inputs, targets)

    def precise():
        inputs = make.normal(4, 2, dtype=torch.float64)
        return Recorder(lambda model, x, y: 1.0 + 2.0**-40).run(solution, inputs, inputs[:, 0], 2)

    def bad(k):
        return outcome(Recorder().run, solution, make.normal(3, 2), make.normal(3), k)

    return {
        "inputs' dtype": scores,
        "float64": lambda: scores(torch.float64, standardize=True),
        "float64, precise": precise,
        "unchanged": lambda: unchanged(False),
        "unchanged, standardize": lambda: unchanged(True),
        "bad k": lambda: [bad(1), bad(4)],
    }
