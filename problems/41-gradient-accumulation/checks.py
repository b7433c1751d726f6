"""What 41-gradient-accumulation is judged on."""

import torch
import torch.nn.functional as F
from hypothesis import strategies as some
from torch import nn
from torch.multiprocessing.reductions import StorageWeakRef

from judge.checks import Ruling, at_most, changes, check, modes, outcome, state

SIZES = some.lists(some.integers(1, 5), min_size=1, max_size=7)
STEPS = some.integers(1, 4)


def network(make):
    """(N, 4) -> (N, 3)"""
    return make.filled(nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 3)))


def batches_of(make, sizes, scale=1.0, dtype=None):
    return [(make.normal(n, 4, std=scale, dtype=dtype), make.integers(0, 3, n)) for n in sizes]


def sgd(model, **options):
    return torch.optim.SGD(model.parameters(), lr=0.1, **options)


class Noting(torch.optim.SGD):
    """Notes the gradients that each step is made with, by name."""

    def __init__(self, model, only=None):
        super().__init__((model if only is None else only).parameters(), lr=0.1)
        self.model, self.seen = model, []

    def step(self, closure=None):
        self.seen.append(
            {name: None if p.grad is None else p.grad.clone() for name, p in self.model.named_parameters()}
        )
        return super().step(closure)


def once(pairs):
    """An iterator: it can be gone through once and has no length."""
    return (pair for pair in pairs)


def squared_error(outputs, targets):
    return (outputs - F.one_hot(targets, 3)).square().mean()


@check("gradient", points=25, sizes=SIZES, accumulation_steps=STEPS)
def steps_with_the_groups_gradient(solution, make, sizes, accumulation_steps):
    """The gradients at every optimizer step, and the losses that are returned."""

    def run(pairs, loss_fn=F.cross_entropy):
        model = network(make)
        optimizer = Noting(model)
        losses = solution.train_with_accumulation(model, pairs, loss_fn, optimizer, accumulation_steps)
        return losses, optimizer.seen

    return {
        "equal sizes": lambda: run(batches_of(make, [3] * len(sizes))),
        "ragged sizes": lambda: run(batches_of(make, sizes)),
        "a generator": lambda: run(once(batches_of(make, sizes))),
        "another loss": lambda: run(batches_of(make, sizes), squared_error),
    }


@check("values", points=20, sizes=SIZES, accumulation_steps=STEPS)
def equals_training_with_big_batches(solution, make, sizes, accumulation_steps):
    """The weights after training: SGD, momentum and weight decay, Adam."""

    def run(optimizer_of):
        model = network(make)
        optimizer = optimizer_of(model)
        solution.train_with_accumulation(model, batches_of(make, sizes), F.cross_entropy, optimizer, accumulation_steps)
        return state(model)

    return {
        "SGD": lambda: run(sgd),
        "momentum and weight decay": lambda: run(lambda model: sgd(model, momentum=0.9, weight_decay=0.1)),
        "Adam": lambda: run(lambda model: torch.optim.Adam(model.parameters(), lr=0.01, eps=0.1)),
    }


@check(
    "gradient",
    points=20,
    sizes=SIZES,
    accumulation_steps=STEPS,
    max_norm=some.sampled_from([0.5, 0.125, 0.01, 50.0]),
)
def clips_once_a_step(solution, make, sizes, accumulation_steps, max_norm):
    """With max_norm: one clipping, of the group's gradient, over all parameters."""

    def run(only=None):
        model = network(make)
        optimizer = Noting(model, None if only is None else model[only])
        pairs = batches_of(make, sizes, 3.0)
        losses = solution.train_with_accumulation(
            model, pairs, F.cross_entropy, optimizer, accumulation_steps, max_norm
        )
        return losses, optimizer.seen, state(model)

    return {"all parameters": run, "the optimizer has only some": lambda: run(only=2)}


@check("values", points=10, tag="edge")
def survives_the_edges(solution, make):
    """One group longer than the data, one sample a micro-batch, no batches, a limit of 0, float64, bad arguments."""

    def run(sizes, accumulation_steps, max_norm=None, dtype=torch.float32):
        model = network(make)
        pairs = batches_of(make, sizes)
        losses = solution.train_with_accumulation(
            model, pairs, F.cross_entropy, sgd(model), accumulation_steps, max_norm
        )
        return losses, state(model)

    def in_float64():
        model, pairs = network(make).double(), batches_of(make, [3, 1, 2], dtype=torch.float64)
        optimizer = Noting(model)
        losses = solution.train_with_accumulation(model, pairs, F.cross_entropy, optimizer, 2, 0.01)
        return losses, optimizer.seen

    def refused(accumulation_steps):
        model = network(make)
        return outcome(
            solution.train_with_accumulation,
            *(model, batches_of(make, [2, 1]), F.cross_entropy, sgd(model), accumulation_steps),
        )

    return {
        "more steps than micro-batches": lambda: run([2, 3], 5),
        "single samples": lambda: run([1] * 5, 3),
        "every micro-batch a group": lambda: run([4, 1, 2], 1),
        "no batches": lambda: run([], 2),
        "max_norm 0": lambda: run([2, 1, 3], 2, 0.0),
        "max_norm by name": lambda: solution.train_with_accumulation(
            *(model := network(make), batches_of(make, [2]), F.cross_entropy, sgd(model), 1), max_norm=0.1
        ),
        "float64": in_float64,
        "accumulation_steps 0": lambda: refused(0),
        "accumulation_steps -1": lambda: refused(-1),
    }


@check("gradient", points=10)
def starts_clean(solution, make):
    """Gradients from before do not matter, also of parameters that the optimizer does not hold."""

    def run(only=None, frozen=False):
        model = network(make)
        model[0].requires_grad_(not frozen)
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.grad = make.normal(*parameter.shape)
        optimizer = Noting(model, None if only is None else model[only])
        pairs = batches_of(make, [2, 3, 1, 2])
        losses = solution.train_with_accumulation(model, pairs, F.cross_entropy, optimizer, 2, 0.05)
        return losses, optimizer.seen

    return {
        "all parameters": run,
        "the optimizer has only some": lambda: run(only=2),
        "some are frozen": lambda: run(only=2, frozen=True),
    }


@check("values", points=5)
def leaves_the_rest_alone(solution, make):
    """Modes before and during the call, running statistics in evaluation mode, and the batches."""

    class Mode(nn.Module):
        def __init__(self):
            super().__init__()
            self.seen = []

        def forward(self, x):
            self.seen.append(self.training)
            return x

    def run(training, frozen_statistics=False):
        model = nn.Sequential(network(make), Mode(), make.filled(nn.BatchNorm1d(3))).train(training)
        if frozen_statistics:
            model[2].eval()
        pairs = batches_of(make, [3, 2, 4])
        solution.train_with_accumulation(model, pairs, F.cross_entropy, sgd(model[0]), 2)
        return modes(model), sorted(set(model[1].seen)), state(model[2]) if not model[2].training else None

    def batches_after():
        model, pairs = network(make), batches_of(make, [3, 2])
        return changes(
            lambda: solution.train_with_accumulation(model, pairs, F.cross_entropy, sgd(model), 2), *sum(pairs, ())
        )

    return {
        "training": lambda: run(True),
        "evaluation": lambda: run(False),
        "one part in evaluation": lambda: run(True, frozen_statistics=True),
        "batches": batches_after,
    }


MICRO_BATCHES = [3, 2, 4, 1, 3, 2, 2]


def one_at_a_time(evidence):
    got = evidence.got
    if not isinstance(got, dict) or not all(isinstance(got.get(name), list) for name in ("sizes", "alive")):
        return "the model was never called"
    if got["sizes"] != MICRO_BATCHES:
        return f"the model saw batches of {got['sizes']} samples, expected one call for each of {MICRO_BATCHES}"
    alive = max(got["alive"])
    return Ruling(
        alive <= 1,
        f"earlier micro-batches whose activations are still held when the model is called: {alive}, may be at most 1",
    )


@check("values", points=5, judged_by=one_at_a_time)
def holds_one_graph_at_a_time(solution, make):
    """Each micro-batch by itself: its activations are freed before the next one's are made."""
    activations = []  # not the module's: weak references must not be copied with it

    class Watch(nn.Module):
        """Knows which of the activations it has seen still live; the layers around it need them for backward."""

        def __init__(self):
            super().__init__()
            self.sizes, self.alive = [], []

        def forward(self, x):
            self.sizes.append(len(x))
            self.alive.append(sum(not activation.expired() for activation in activations))
            activations.append(StorageWeakRef(x.untyped_storage()))
            return x

    watch = Watch()
    model = nn.Sequential(nn.Linear(4, 5), nn.Tanh(), watch, nn.Linear(5, 3)).to(make.device, make.dtype)
    solution.train_with_accumulation(model, batches_of(make, MICRO_BATCHES), F.cross_entropy, sgd(model), 3)
    return {"sizes": watch.sizes, "alive": watch.alive}


def a_linear_function(make):
    """A linear function of 8 features, with noise; the noiseless values of the last 256 rows are hidden."""
    x, weights = make.normal(1056, 8), make.normal(8)
    y = x @ weights / weights.norm()
    return {"x": x[:800], "y": y[:800] + 0.3 * make.normal(800), "x_new": x[800:]}, y[800:]


def unexplained(predictions, targets):
    if not isinstance(predictions, torch.Tensor) or predictions.shape != targets.shape:
        return f"the model does not map (256, 8) to {tuple(targets.shape)} predictions"
    return float((predictions.double() - targets).square().mean() / targets.double().var())


@check("convergence", points=5, task=a_linear_function, judged_by=at_most(0.05, unexplained, "unexplained variance"))
def learns_from_tiny_batches(solution, make, given):
    """SGD on ragged micro-batches of 1 to 9 samples, with a learning rate that only their groups can bear."""
    model = nn.Sequential(nn.Linear(8, 1), nn.Flatten(0)).to(make.device)
    sizes = [1, 9, 4, 2, 7, 1, 5, 3] * 25  # 800 samples, 32 in 8 micro-batches
    pairs = list(zip(given["x"].split(sizes), given["y"].split(sizes), strict=True))
    curve = []
    for _ in range(2):
        curve += solution.train_with_accumulation(model, once(pairs), F.mse_loss, sgd(model), 8)
    with torch.no_grad():
        return model(given["x_new"]), list(curve)
