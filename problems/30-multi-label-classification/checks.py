"""What 30-multi-label-classification is judged on."""

import torch
from hypothesis import strategies as some

from judge.checks import at_least, batch_of, changes, check, gradients, minimise, outcome

SHAPES = some.lists(some.integers(1, 4), min_size=1, max_size=3)


def soft(make, *shape):
    """Targets between 0 and 1, so that no loss is tiny."""
    return make.uniform(*shape, low=0.1, high=0.9)


def hard(make, *shape):
    return make.integers(0, 2, *shape).to(make.dtype)


@check("values", points=20, part="bce_with_logits", shape=SHAPES)
def measures_the_loss(solution, make, shape):
    """All reductions, without and with pos_weight, 0/1 and soft targets; inputs unchanged."""
    loss, logits, targets = solution.bce_with_logits, make.uniform(*shape, low=-2, high=2), hard(make, *shape)
    weight = make.uniform(shape[-1], low=0.2, high=5)  # one a label

    return {
        "unchanged inputs": lambda: changes(lambda: loss(logits, targets, weight), logits, targets, weight),
        "mean": lambda: loss(logits, targets),
        "sum": lambda: loss(logits, targets, reduction="sum"),
        "none": lambda: loss(logits, targets, None, "none"),
        "soft targets": lambda: loss(logits, soft(make, *shape)),
        "only positives": lambda: loss(logits, torch.ones_like(logits), weight),
        "only negatives": lambda: loss(logits, torch.zeros_like(logits), weight),
        "pos_weight": lambda: loss(logits, targets, weight),
        "pos_weight, soft, none": lambda: loss(logits, soft(make, *shape), weight, "none"),
        "one pos_weight for all": lambda: loss(logits, targets, pos_weight=weight[0], reduction="sum"),
    }


def loss_and_gradient(solution, make, logits, targets, *options, dtype=None):
    logits = make.tensor(logits, dtype=dtype, requires_grad=True)
    value = solution.bce_with_logits(logits, make.tensor(targets, dtype=dtype), *options)
    value.sum().backward()
    return value, logits.grad


@check("gradient", points=10, part="bce_with_logits", count=some.integers(1, 3), labels=some.integers(1, 4))
def gives_the_right_gradient(solution, make, count, labels):
    """sigmoid(x) - t for every logit, also where the logit is 0."""

    def run(logits, *options):
        return loss_and_gradient(solution, make, logits, soft(make, count, labels), *options)[1]

    logits, weight = make.normal(count, labels), make.uniform(labels, low=0.2, high=5)
    return {
        "mean": lambda: run(logits),
        "sum": lambda: run(logits, None, "sum"),
        "pos_weight": lambda: run(logits, weight, "none"),
        "logit 0": lambda: run(torch.zeros_like(logits), None, "sum"),
        "logit 0, pos_weight": lambda: run(torch.zeros_like(logits), weight, "sum"),
    }


@check("gradient", points=10, tag="edge", part="bce_with_logits")
def stays_stable(solution, make):
    """Loss and gradient at logits of 1000 and -1000, and in float64."""

    def run(targets, *options, dtype=None):
        logits = [[1000.0, -1000.0], [100.0, -100.0]]
        return loss_and_gradient(solution, make, logits, targets, *options, dtype=dtype)

    def in_float64():
        logits, weight = make.normal(3, 2, dtype=torch.float64), make.uniform(2, low=0.5, high=4, dtype=torch.float64)
        return loss_and_gradient(solution, make, logits, soft(make, 3, 2), weight, dtype=torch.float64)

    return {
        "right": lambda: run([[1.0, 0.0], [1.0, 0.0]], None, "none"),
        "wrong": lambda: run([[0.0, 1.0], [0.0, 1.0]], None, "none"),
        "wrong, pos_weight": lambda: run([[0.0, 1.0], [0.0, 1.0]], make.tensor([2.0, 3.0])),
        "half": lambda: run([[0.5, 0.5], [0.5, 0.5]]),
        "float64": in_float64,
    }


@check("values", points=5, part="bce_with_logits")
def refuses_bad_arguments(solution, make):
    """ValueError for shapes that differ, also where they would broadcast, and for an unknown reduction."""

    def call(logits, targets, **options):
        return outcome(solution.bce_with_logits, make.normal(*logits), soft(make, *targets), **options)

    return {
        "one column": lambda: call((3, 2), (3, 1)),
        "no batch": lambda: call((3, 2), (2,)),
        "same number of entries": lambda: call((3, 2), (2, 3)),
        "other lengths": lambda: call((3, 2), (3, 4)),
        "unknown reduction": lambda: call((3, 2), (3, 2), reduction="average"),
    }


def filled(solution, make, *sizes):
    return make.filled(solution.MultiLabelClassifier(*sizes), scale=1.5)


SIZES = {
    "count": some.integers(1, 4),
    "inputs": some.integers(1, 5),
    "hidden": some.integers(1, 6),
    "labels": some.integers(1, 4),
}


@check("shape", points=5, part="MultiLabelClassifier", **SIZES)
def has_the_right_shapes(solution, make, count, inputs, hidden, labels):
    """Parameter names; shapes of forward and predict."""
    model = solution.MultiLabelClassifier(inputs, hidden, labels).to(make.device, make.dtype)
    x = make.normal(count, inputs)
    return {
        "names": lambda: {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()},
        "forward": lambda: model(x).shape,
        "predict": lambda: torch.zeros_like(model.predict(x)),  # shape, dtype and device
    }


@check("values", points=10, part="MultiLabelClassifier", **SIZES)
def computes_logits(solution, make, count, inputs, hidden, labels):
    """forward: linear, ReLU, linear, and nothing after it; in both dtypes, x unchanged."""
    model, x = filled(solution, make, inputs, hidden, labels), make.normal(count, inputs)
    return {
        "unchanged input": lambda: changes(lambda: (model(x), model.predict(x)), x),
        "logits": lambda: model(x),
        "float64": lambda: filled(solution, make, inputs, hidden, labels).double()(x.double()),
    }


@check("gradient", points=5, part="MultiLabelClassifier", count=some.integers(1, 3), examples=6)
def learns_from_every_weight(solution, make, count):
    """Gradients of x and of every parameter."""
    model, x = filled(solution, make, 4, 5, 3), make.normal(count, 4, requires_grad=True)
    (model(x) * make.normal(count, 3)).sum().backward()
    return gradients(model, x=x)


@check("values", points=10, part="MultiLabelClassifier", count=some.integers(1, 4), labels=some.integers(1, 4))
def predicts_each_label(solution, make, count, labels):
    """0 or 1 by sigmoid >= threshold, each label by itself; no graph is recorded."""
    model, x = filled(solution, make, 4, 5, labels), make.normal(count, 4)

    def all_logits_zero():
        blank = filled(solution, make, 4, 5, labels)
        with torch.no_grad():
            for parameter in blank.parameters():
                parameter.zero_()
        return blank.predict(x)

    def records():
        kept = []
        with torch.autograd.graph.saved_tensors_hooks(lambda tensor: kept.append(1), lambda nothing: None):
            model.predict(x)
        grad_mode = torch.is_grad_enabled()
        torch.set_grad_enabled(True)
        return {"tensors kept for backward": len(kept), "gradients are on afterwards": grad_mode}

    return {
        "default": lambda: model.predict(x),
        "0.2": lambda: model.predict(x, 0.2),
        "0.8": lambda: model.predict(x, threshold=0.8),
        "0": lambda: model.predict(x, 0.0),
        "1": lambda: model.predict(x, 1.0),
        "sigmoid = threshold": all_logits_zero,
        "graph": records,
    }


@check(
    "values",
    points=15,
    part="f1_scores",
    count=some.integers(1, 6),
    labels=some.integers(1, 5),
    examples=25,
)
def counts_hits(solution, make, count, labels):
    """Micro over all entries, macro as the mean over labels."""
    pred, target = make.integers(0, 2, count, labels), make.integers(0, 2, count, labels)
    rare = make.integers(0, 6, count, labels) // 5
    return {
        "unchanged inputs": lambda: changes(lambda: solution.f1_scores(pred, target), pred, target),
        "drawn": lambda: solution.f1_scores(pred, target),
        "perfect": lambda: solution.f1_scores(target, target.clone()),
        "rare labels": lambda: solution.f1_scores(rare, target),
        "too many": lambda: solution.f1_scores(torch.ones_like(pred), rare),
    }


@check("values", points=5, tag="edge", part="f1_scores")
def counts_nothing_as_zero(solution, make):
    """0 / 0 is 0: a label that never occurs, nothing predicted, no rows."""
    nothing, one = make.tensor([[0, 0], [0, 0]]), make.tensor([[1, 0], [1, 0]])
    return {
        "nothing anywhere": lambda: solution.f1_scores(nothing, nothing),
        "nothing predicted": lambda: solution.f1_scores(nothing, one),
        "nothing there": lambda: solution.f1_scores(one, nothing),
        "a label that never occurs": lambda: solution.f1_scores(one, one),
        "no rows": lambda: solution.f1_scores(nothing[:0], nothing[:0]),
    }


def bands(make):
    """Five labels, each true in a band of its own direction, so rare or frequent; the last 256 rows are hidden."""
    x, directions = make.normal(768, 6), make.normal(5, 6)
    position = x @ (directions / directions.norm(dim=1, keepdim=True)).T
    low = torch.tensor([-0.5, 0.3, -9.0, 0.8, -1.2])
    high = torch.tensor([9.0, 9.0, 0.0, 9.0, 0.6])
    labels = ((low < position) & (position < high)).float()
    return {"x": x[:512], "y": labels[:512], "x_new": x[512:]}, labels[512:].long()


def micro_f1(pred, target):
    if not isinstance(pred, torch.Tensor) or pred.shape != target.shape or pred.is_floating_point():
        return f"the predictions are not 0/1 integers of shape {tuple(target.shape)}"
    pred = pred.long()
    if not bool(((pred == 0) | (pred == 1)).all()):
        return "the predictions are not 0 or 1"
    return float(2 * (pred * target).sum() / (pred + target).sum().clamp(min=1))


@check("convergence", points=5, task=bands, judged_by=at_least(0.85, micro_f1, "micro-F1 on hidden rows"))
def learns_five_labels(solution, make, given):
    """Trains for 250 steps on five labels at once, then predicts rows it never saw."""
    model = solution.MultiLabelClassifier(6, 32, 5).to(make.device)

    def loss(step):
        x, y = batch_of(given, step, 64)
        return solution.bce_with_logits(model(x), y)

    curve = minimise(loss, model.parameters(), 250, lr=0.01)
    return model.predict(given["x_new"]), curve
