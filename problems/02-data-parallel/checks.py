"""What 02-data-parallel is judged on."""

import torch
import torch.nn.functional as F
from hypothesis import strategies as some
from torch import nn

from judge.checks import at_most, changes, check, gradients, modes, outcome, state

COUNTS = some.integers(1, 12)
REPLICAS = some.integers(1, 6)


def network(make):
    """(N, 4) -> (N, 3)"""
    return make.filled(nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 3)))


def data(make, count, dtype=None):
    return make.normal(count, 4, dtype=dtype), make.integers(0, 3, count)


def give_gradients(make, model):
    for parameter in model.parameters():
        parameter.grad = make.normal(*parameter.shape)


@check("shape", points=15, count=COUNTS, num_replicas=some.integers(1, 15), examples=25)
def cuts_even_shards(solution, make, count, num_replicas):
    """split_batch: how many shards there are and how large, the larger ones first."""

    def sizes(*shape):
        return [tuple(shard.shape) for shard in solution.split_batch(make.normal(*shape), num_replicas)]

    return {"one dimension": lambda: sizes(count), "three dimensions": lambda: sizes(count, 2, 3)}


@check("values", points=10, count=COUNTS, num_replicas=REPLICAS)
def keeps_every_sample_in_order(solution, make, count, num_replicas):
    """split_batch: what the shards hold; integers, float64, no samples lost, the batch unchanged."""

    def unchanged():
        batch = make.normal(count, 2)
        return changes(lambda: solution.split_batch(batch, num_replicas), batch)

    return {
        "numbers": lambda: solution.split_batch(make.normal(count, 2), num_replicas),
        "one left over": lambda: solution.split_batch(make.normal(2 * num_replicas + 3, 2), num_replicas + 1),
        "labels": lambda: solution.split_batch(make.integers(0, 9, count), num_replicas),
        "float64": lambda: solution.split_batch(make.normal(count, dtype=torch.float64), num_replicas),
        "transposed": lambda: solution.split_batch(make.normal(3, count).T, num_replicas),
        "unchanged": unchanged,
    }


@check("gradient", points=25, count=COUNTS, num_replicas=REPLICAS)
def equals_one_device(solution, make, count, num_replicas):
    """Loss and gradients of the full batch, whatever the sizes of the shards."""

    def run(loss_fn=F.cross_entropy, targets=None, count=count, num_replicas=num_replicas):
        model, (x, y) = network(make), data(make, count)
        loss = solution.data_parallel_backward(model, loss_fn, x, y if targets is None else targets(), num_replicas)
        return loss, gradients(model)

    return {
        "cross entropy": run,
        "one left over": lambda: run(count=2 * num_replicas + 3, num_replicas=num_replicas + 1),
        "squared error": lambda: run(F.mse_loss, lambda: make.normal(count, 3)),
        "loss as a module": lambda: run(nn.L1Loss(), lambda: make.normal(count, 3) + 9),  # no kink is near
    }


class Forked(nn.Module):
    """A layer for each sign of the shard's first number, one layer for all, and one that nobody uses."""

    def __init__(self):
        super().__init__()
        self.positive, self.negative = nn.Linear(4, 3), nn.Linear(4, 3)
        self.shared, self.spare = nn.Linear(3, 3), nn.Linear(3, 3)

    def forward(self, x):
        branch = self.positive if x[0, 0] > 0 else self.negative
        return self.shared(branch(x).tanh())


class Tied(nn.Module):
    """One matrix used twice, and a frozen layer."""

    def __init__(self):
        super().__init__()
        self.first, self.frozen, self.second = nn.Linear(4, 4), nn.Linear(4, 4), nn.Linear(4, 4)
        self.second.weight = self.first.weight
        self.frozen.requires_grad_(False)

    def forward(self, x):
        return self.second(self.frozen(self.first(x).tanh()).tanh())[:, :3]


@check("gradient", points=15)
def adds_to_what_is_there(solution, make):
    """Existing gradients, several calls; parameters that no copy or only some copies use; frozen and shared ones."""

    def run(model, before=False, calls=1, x=None, num_replicas=3):
        if before:
            give_gradients(make, model)
        for _ in range(calls):
            images, y = data(make, 7)
            solution.data_parallel_backward(model, F.cross_entropy, images if x is None else x, y, num_replicas)
        return gradients(model)

    def forked(*signs, before=False, spare_only=False):
        x = make.normal(7, 4)
        x[:, 0] = make.tensor([float(sign) for sign in signs])
        model = make.filled(Forked())
        if spare_only:
            model.spare.weight.grad = make.normal(3, 3)
        return run(model, before, x=x)

    def frozen():
        model = make.filled(Tied())
        return run(model, calls=2)

    return {
        "gradients from before": lambda: run(network(make), before=True),
        "three calls": lambda: run(network(make), calls=3),
        "one replica, gradients from before": lambda: run(network(make), before=True, num_replicas=1),
        "one layer unused": lambda: forked(*[1] * 7),
        "one layer unused, gradients from before": lambda: forked(*[1] * 7, before=True),
        "unused, with a gradient": lambda: forked(*[1] * 7, spare_only=True),
        "only the first shard uses it": lambda: forked(1, 1, 1, -1, -1, -1, -1),
        "only the last shard uses it": lambda: forked(1, 1, 1, 1, 1, -1, -1, before=True),
        "shared and frozen": frozen,
    }


@check("values", points=10, count=some.integers(1, 8), num_replicas=REPLICAS, examples=8)
def gives_each_copy_one_shard(solution, make, count, num_replicas):
    """How many copies there are, what each of them sees, and that the model itself and its weights stay out of it."""
    calls = []

    class Watch(nn.Linear):
        def forward(self, x):
            calls.append((self, len(x), self.training))
            return super().forward(x)

    def run(training):
        calls.clear()
        model = nn.Sequential(Watch(4, 3)).to(make.device, make.dtype).train(training)
        solution.data_parallel_backward(model, F.cross_entropy, *data(make, count), num_replicas)
        copies = [copy for copy, _, _ in calls]
        return {
            "batch sizes": sorted((size for _, size, _ in calls), reverse=True),
            "copies": len({id(copy) for copy in copies}),
            "copies with weights of their own": len({id(copy.weight) for copy in copies} - {id(model[0].weight)}),
            "the model itself was called": any(copy is model[0] for copy in copies),
            "training": sorted({training for _, _, training in calls}),
        }

    return {"training": lambda: run(True), "evaluation": lambda: run(False)}


@check("values", points=10)
def leaves_the_model_alone(solution, make):
    """Parameters, running statistics, modes and data stay as they are; the loss is a detached number."""

    def normalised(training=True):
        layers = nn.Sequential(nn.Linear(4, 5), nn.BatchNorm1d(5), nn.Dropout(0.5), nn.Linear(5, 3))
        model = make.filled(layers).train(training)
        model[3].train(not training)
        return model

    def after(training):
        model = normalised(training)
        solution.data_parallel_backward(model, F.cross_entropy, *data(make, 7), 3)
        return state(model), modes(model), [p.requires_grad for p in model.parameters()]

    def in_evaluation():
        model = normalised(training=False)
        return solution.data_parallel_backward(model, F.cross_entropy, *data(make, 7), 3), gradients(model)

    def data_after():
        model, (x, y) = network(make), data(make, 7)
        return changes(lambda: solution.data_parallel_backward(model, F.cross_entropy, x, y, 3), x, y)

    def loss():
        loss = solution.data_parallel_backward(network(make), F.cross_entropy, *data(make, 7), 3)
        return isinstance(loss, torch.Tensor), loss.shape, loss.requires_grad

    return {
        "training": lambda: after(True),
        "evaluation": lambda: after(False),
        "numbers in evaluation": in_evaluation,
        "inputs and targets": data_after,
        "loss": loss,
    }


@check("values", points=5, tag="edge")
def survives_the_edges(solution, make):
    """More replicas than samples, one sample, float64; ValueError for no replica and for no samples."""

    def run(count, num_replicas, dtype=None):
        model = network(make) if dtype is None else network(make).to(dtype)
        x, y = data(make, count, dtype)
        return solution.data_parallel_backward(model, F.cross_entropy, x, y, num_replicas), gradients(model)

    def refused(count, num_replicas):
        batch, targets = data(make, count)
        return [
            outcome(solution.split_batch, batch, num_replicas),
            outcome(solution.data_parallel_backward, network(make), F.cross_entropy, batch, targets, num_replicas),
        ]

    return {
        "more replicas than samples": lambda: run(3, 8),
        "one sample": lambda: run(1, 4),
        "float64": lambda: run(5, 2, torch.float64),
        "no replica": lambda: refused(4, 0),
        "a negative number of replicas": lambda: refused(4, -1),
        "no samples": lambda: refused(0, 2),
    }


@check("gradient", points=5)
def follows_the_one_device_run(solution, make):
    """Losses and weights of ten steps with momentum, on batches that do not divide evenly."""
    model = network(make)
    optimizer, losses = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9), []
    for step in range(10):
        optimizer.zero_grad()
        losses.append(solution.data_parallel_backward(model, F.cross_entropy, *data(make, 5 + step % 3), 4))
        optimizer.step()
    return losses, state(model)


def a_linear_function(make):
    """A linear function of 8 features, with noise; the noiseless values of the last 256 rows are hidden."""
    x, weights = make.normal(1256, 8), make.normal(8)
    y = x @ weights / weights.norm()
    return {"x": x[:1000], "y": y[:1000] + 0.15 * make.normal(1000), "x_new": x[1000:]}, y[1000:]


def unexplained(predictions, targets):
    if not isinstance(predictions, torch.Tensor) or predictions.shape != targets.shape:
        return f"the model does not map (256, 8) to {tuple(targets.shape)} predictions"
    return float((predictions.double() - targets).square().mean() / targets.double().var())


@check("convergence", points=5, task=a_linear_function, judged_by=at_most(0.05, unexplained, "unexplained variance"))
def learns_with_uneven_shards(solution, make, given):
    """SGD on batches of 10 samples over 7 replicas, with a rate that bears the mean gradient but not the sum."""
    model = nn.Sequential(nn.Linear(8, 1), nn.Flatten(0)).to(make.device)
    optimizer, losses = torch.optim.SGD(model.parameters(), lr=0.1), []
    for step in range(60):
        rows = slice(step * 10, step * 10 + 10)
        optimizer.zero_grad()
        loss = solution.data_parallel_backward(model, F.mse_loss, given["x"][rows], given["y"][rows], 7)
        optimizer.step()
        losses.append(float(loss))
    with torch.no_grad():
        return model(given["x_new"]), losses
