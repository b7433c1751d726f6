"""What 46-model-evaluation is judged on."""

import math

import torch
from hypothesis import strategies as some

from judge.checks import changes, check, outcome


@check("values", points=15, part="confusion_matrix", count=some.integers(0, 20), num_classes=some.integers(1, 5))
def counts_every_pair(solution, make, count, num_classes):
    """Counts of each target and prediction, int64, targets in rows; classes that never occur."""
    pred, target = (make.integers(0, num_classes, count) for _ in range(2))
    return {
        "drawn": lambda: solution.confusion_matrix(pred, target, num_classes),
        "all right": lambda: solution.confusion_matrix(target, target, num_classes),
        "more classes": lambda: solution.confusion_matrix(pred, target, num_classes + 2),
    }


@check("values", points=5, part="confusion_matrix", tag="edge")
def refuses_unknown_labels(solution, make):
    """ValueError for labels outside 0..K-1; inputs unchanged; the result is on the inputs' device."""

    def count(pred, target, num_classes=3):
        return outcome(solution.confusion_matrix, make.tensor(pred), make.tensor(target), num_classes)

    def unchanged():
        pred, target = make.integers(0, 3, 6), make.integers(0, 3, 6)
        return changes(lambda: solution.confusion_matrix(pred, target, 3), pred, target)

    def with_others_of_its_device():
        return solution.confusion_matrix(make.integers(0, 3, 6), make.integers(0, 3, 6), 3) * make.integers(1, 9, 3, 3)

    return {
        "prediction too large": lambda: count([0, 3, 1], [0, 1, 2]),
        "target too large": lambda: count([0, 1, 2], [1, 1, 3]),
        "prediction negative": lambda: count([0, -1, 1], [2, 1, 2]),
        "target negative": lambda: count([0, 2, 1], [0, -100, 1]),
        "far too large": lambda: count([0, 9], [1, 0], 2),
        "highest label": lambda: count([2, 0], [0, 2]),
        "unchanged": unchanged,
        "device": with_others_of_its_device,
    }


@check("values", points=15, part="precision_recall_f1", num_classes=some.integers(1, 5))
def divides_the_counts(solution, make, num_classes):
    """Precision, recall and F1 of each class in float64, 0 where it is 0/0."""
    measure = solution.precision_recall_f1

    def drawn():
        return make.integers(0, 30, num_classes, num_classes)

    def without_a_class(rows, columns):
        cm = drawn()
        if rows:
            cm[-1] = 0
        if columns:
            cm[:, -1] = 0
        return measure(cm)

    def unchanged():
        cm = drawn()
        return changes(lambda: measure(cm), cm)

    return {
        "drawn": lambda: measure(drawn()),
        "few": lambda: measure(make.integers(0, 2, num_classes, num_classes)),
        "last class never a target": lambda: without_a_class(True, False),
        "last class never predicted": lambda: without_a_class(False, True),
        "neither": lambda: without_a_class(True, True),
        "never right": lambda: measure(drawn() * (1 - torch.eye(num_classes, dtype=torch.int64, device=make.device))),
        "no samples": lambda: measure(torch.zeros(num_classes, num_classes, dtype=torch.int64, device=make.device)),
        "many": lambda: measure(drawn() * 10**9 + 1),
        "unchanged": unchanged,
    }


@check("values", points=15, part="roc_auc", count=some.integers(2, 12), levels=some.sampled_from([2, 3, 100]))
def compares_every_pair(solution, make, count, levels):
    """AUC of labels as bool and as 0 and 1, with and without ties."""

    def drawn():
        scores = (make.integers(0, levels, count) - levels // 2).to(make.dtype) / 8
        labels = make.integers(0, 2, count)
        labels[0], labels[-1] = 0, 1
        return scores, labels[make.permutation(count)]

    def of_bool():
        scores, labels = drawn()
        return solution.roc_auc(scores, labels.bool())

    return {"0 and 1": lambda: solution.roc_auc(*drawn()), "bool": of_bool}


@check("values", points=10, part="roc_auc", tag="edge")
def ranks_at_the_edges(solution, make):
    """One class only, all tied, perfect and reversed, infinite scores, float64; inputs unchanged."""

    def auc(scores, labels, dtype=None):
        scores = torch.tensor(scores, dtype=torch.float64)
        return outcome(solution.roc_auc, make.tensor(scores, dtype=dtype), make.tensor(labels))

    def unchanged():
        scores, labels = make.normal(8), make.tensor([0, 1] * 4)
        return changes(lambda: solution.roc_auc(scores, labels), scores, labels)

    return {
        "only positives": lambda: auc([0.2, 0.7], [1, 1]),
        "only negatives": lambda: auc([0.2, 0.7, 0.1], [False, False, False]),
        "no samples": lambda: outcome(solution.roc_auc, make.normal(0), make.integers(0, 2, 0)),
        "all tied": lambda: auc([0.5] * 5, [0, 1, 1, 0, 1]),
        "perfect": lambda: auc([-3.0, -2.0, 5.0], [0, 0, 1]),
        "reversed": lambda: auc([0.9, 0.8, 0.1], [0, 0, 1]),
        "two": lambda: auc([0.5, 0.5], [True, False]),
        "infinite": lambda: auc([math.inf, -math.inf, 1.0, -math.inf, 2.0], [1, 0, 0, 1, 1]),
        "float64, close": lambda: auc([1.0, 1.0 + 1e-12, 1.0 - 1e-12, 1.0], [0, 1, 0, 1], torch.float64),
        "large, close": lambda: auc([16777215.0, 16777214.0, 16777216.0], [1, 0, 0]),
        "unchanged": unchanged,
    }


@check("values", points=8, part="top_k_accuracy", count=some.integers(1, 12), num_classes=some.integers(1, 6))
def looks_at_the_best_k(solution, make, count, num_classes):
    """The share of samples with their class among the k highest, for every k."""
    # No two logits of a row are equal.
    logits = torch.stack([make.permutation(num_classes) for _ in range(count)]).to(make.dtype) - 2.5
    target = make.integers(0, num_classes, count)
    return {f"k = {k}": (lambda k=k: solution.top_k_accuracy(logits, target, k)) for k in range(1, num_classes + 1)}


@check("values", points=5, part="top_k_accuracy", tag="edge")
def refuses_too_many(solution, make):
    """ValueError for k > K, 0 without samples, float64, inputs unchanged."""

    def unchanged():
        logits, target = make.normal(5, 4), make.integers(0, 4, 5)
        return changes(lambda: solution.top_k_accuracy(logits, target, 2), logits, target)

    def close():
        logits = torch.tensor([[1.0, 1.0 + 1e-12, 0.0]] * 2, dtype=torch.float64, device=make.device)
        return solution.top_k_accuracy(logits, make.tensor([1, 0]), 1)

    return {
        "k > K": lambda: outcome(solution.top_k_accuracy, make.normal(3, 4), make.integers(0, 4, 3), 5),
        "no samples": lambda: solution.top_k_accuracy(make.normal(0, 4), make.integers(0, 4, 0), 2),
        "float64, close": close,
        "unchanged": unchanged,
    }


def predictions(make, count, num_classes, bins):
    """Probabilities whose confidences keep away from the bins' edges, and labels that are right about half the time."""
    lowest = 1 / num_classes + 0.02 if num_classes > 1 else 1.0
    confidence = make.uniform(count, low=lowest).double() * bins
    bin_of = confidence.floor().clamp(max=bins - 1)
    confidence = (bin_of + (confidence - bin_of).clamp(0.1, 0.9)) / bins
    confidence = confidence.clamp(min=lowest)
    best = make.integers(0, num_classes, count)
    rest = (1 - confidence) / max(num_classes - 1, 1)
    probs = rest[:, None].repeat(1, num_classes).scatter(1, best[:, None], confidence[:, None])
    target = torch.where(make.mask(count, share=0.5, at_least_one=False), best, make.integers(0, num_classes, count))
    return probs.float().to(make.dtype), target


@check(
    "values",
    points=15,
    part="expected_calibration_error",
    count=some.integers(1, 30),
    num_classes=some.integers(2, 5),
    bins=some.sampled_from([15, 10, 3, 7]),
)
def weighs_the_bins(solution, make, count, num_classes, bins):
    """The weighted gap between accuracy and confidence, whatever the number of bins."""

    def always_right(bins=bins):
        probs, _ = predictions(make, count, num_classes, bins)
        return solution.expected_calibration_error(probs, probs.argmax(1), bins)

    return {
        "drawn": lambda: solution.expected_calibration_error(*predictions(make, count, num_classes, bins), bins=bins),
        "default bins": lambda: solution.expected_calibration_error(*predictions(make, count, num_classes, 15)),
        "always right": always_right,
        "always right, one bin": lambda: always_right(1),  # with labels it may be near 0, which would be rounding
    }


@check("values", points=5, part="expected_calibration_error", tag="edge")
def knows_its_edges(solution, make):
    """Confidences at the upper edge of a bin, at 1 and just above it; one class, no samples; inputs unchanged."""
    error = solution.expected_calibration_error

    def of(confidences, right, bins):
        confidence = make.tensor(confidences)
        probs = torch.stack([confidence, 1 - confidence], 1)
        return error(probs, 1 - make.tensor(right), bins)

    def of_three(rows, target, bins):
        return error(make.tensor(rows), make.tensor(target), bins)

    def unchanged():
        probs, target = predictions(make, 8, 3, 15)
        return changes(lambda: error(probs, target), probs, target)

    return {
        "upper edge": lambda: of([0.75, 0.8125, 0.75, 0.6875], [1, 0, 0, 1], 4),
        "lower bins": lambda: of_three(
            [[0.5, 0.25, 0.25], [0.4375, 0.3125, 0.25], [0.5625, 0.25, 0.1875]], [0, 1, 2], 2
        ),
        "certain": lambda: of([1.0, 1.0, 0.9375], [1, 0, 1], 15),
        "just above 1": lambda: of([1.0 + 2.0**-23, 0.96875, 0.625], [0, 1, 1], 15),
        "one class": lambda: error(torch.ones(3, 1, device=make.device, dtype=make.dtype), make.tensor([0, 0, 0])),
        "no samples": lambda: error(make.uniform(0, 3), make.integers(0, 3, 0)),
        "no gap": lambda: of([0.75] * 4, [1, 1, 1, 0], 15),
        "unchanged": unchanged,
    }


LARGE = {"cpu_seconds": 3.0, "devices": ("cpu", "cuda", "mps")}


@check("values", points=3, part="confusion_matrix", **LARGE)
def counts_a_million_predictions(solution, make):
    """A million predictions within 3 s of CPU time."""
    return solution.confusion_matrix(make.integers(0, 3, 1_000_000), make.integers(0, 3, 1_000_000), 3)


@check("values", points=2, part="roc_auc", **LARGE)
def ranks_200_000_scores(solution, make):
    """200,000 scores, many of them tied, within 3 s of CPU time."""
    return solution.roc_auc(make.integers(0, 50_000, 200_000).to(make.dtype) / 8, make.integers(0, 2, 200_000))


@check("timing", points=2, part="confusion_matrix", limit=300.0)
def counts_100_000_predictions(solution, make):
    """Time of confusion_matrix for 100,000 predictions of 3 classes, against the reference's."""
    pred, target = make.integers(0, 3, 100_000), make.integers(0, 3, 100_000)
    return lambda: solution.confusion_matrix(pred, target, 3)
