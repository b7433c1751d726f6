"""What 05-multi-gpu-training is judged on."""

import math

import torch
from hypothesis import strategies as some
from torch import nn

from judge.checks import Raised, check, gradients, run_ranks, state

WORLDS = some.sampled_from([1, 2, 4])


class Net(nn.Module):
    """A shared weight, a frozen weight and a buffer: what a wrapper must not trip over."""

    def __init__(self, make):
        super().__init__()
        self.first = nn.Linear(3, 4)
        self.shared = nn.Linear(4, 4, bias=False)
        self.frozen = nn.Parameter(torch.empty(4), requires_grad=False)
        self.last = nn.Linear(4, 2)
        self.register_buffer("scale", torch.empty(4))
        self.register_buffer("seen", torch.tensor(make.integer(1, 1000)))
        self.to(make.device, make.dtype)
        with torch.no_grad():
            for tensor in (*self.parameters(), self.scale):
                tensor.copy_(make.normal(*tensor.shape))

    def forward(self, x, gain=1.0, *, offset=0.0):
        hidden = self.shared(torch.tanh(self.shared(self.first(x).tanh())))
        return self.last(hidden * self.scale + self.frozen) * gain + offset


def on_ranks(make, solution, world, work, model=Net):
    """`work(wrapped, group)` on every rank, each with a module of its own, made with other numbers."""
    modules = [model(make) for _ in range(world)]

    def rank(group):
        # An accelerator's gradients are computed by one thread per device; there the ranks would wait for each other.
        with torch.autograd.set_multithreading_enabled(False):
            return work(solution.DistributedDataParallel(modules[group.rank], group), group)

    return run_ranks(world, rank)


@check("values", points=15, part="DistributedDataParallel", world=WORLDS, examples=6)
def starts_from_rank_0(solution, make, world):
    """Parameters (also frozen ones) and buffers of rank 0 on every rank."""

    def after_wrapping():
        return on_ranks(make, solution, world, lambda wrapped, group: state(wrapped.module))

    def calls():
        seen = on_ranks(make, solution, world, lambda wrapped, group: list(group.calls))
        return all(calls == seen[0] for calls in seen)

    def the_module():
        modules = []

        def model(make):
            modules.append(Net(make))
            return modules[-1]

        wrapped = on_ranks(make, solution, world, lambda wrapped, group: wrapped, model)
        return [wrapper.module is module for wrapper, module in zip(wrapped, modules, strict=True)]

    return {"parameters and buffers": after_wrapping, "same calls on every rank": calls, "module": the_module}


@check("values", points=5, part="DistributedDataParallel")
def passes_arguments_on(solution, make):
    """forward hands all arguments to the module and its answer back."""
    x = make.normal(3, 3)

    class Pair(Net):
        def forward(self, x, **named):
            return {"first": super().forward(x, **named), "second": (x, named.get("offset"))}

    return {
        "one": lambda: on_ranks(make, solution, 2, lambda wrapped, group: wrapped(x)),
        "more": lambda: on_ranks(make, solution, 2, lambda wrapped, group: wrapped(x, 2.0, offset=1.0)),
        "tree": lambda: on_ranks(make, solution, 1, lambda wrapped, group: wrapped(x, offset=0.5), Pair),
    }


def loss_of(wrapped, batches, step, rank):
    x, y = batches[step]
    return (wrapped(x[rank]) - y[rank]).square().mean()


def batches_for(make, world, size=3, steps=3):
    """One (x, y) per step, each with a first dimension of ranks."""
    return [(make.normal(world, size, 3), make.normal(world, size, 2)) for _ in range(steps)]


@check("gradient", points=25, part="DistributedDataParallel", world=WORLDS, size=some.integers(1, 4), examples=8)
def averages_gradients(solution, make, world, size):
    """Each .grad is the mean over the ranks: that of the whole batch."""

    def run(steps, zero=lambda wrapped: None):
        batches = batches_for(make, world, size)

        def work(wrapped, group):
            for step in range(steps):
                zero(wrapped)
                loss_of(wrapped, batches, step, group.rank).backward()
            return gradients(wrapped.module)

        return on_ranks(make, solution, world, work)

    return {
        "one backward": lambda: run(1),
        "two add up": lambda: run(2),
        "zeroed between": lambda: run(3, lambda wrapped: wrapped.zero_grad(set_to_none=False)),
        "set to None between": lambda: run(3, lambda wrapped: wrapped.zero_grad(set_to_none=True)),
    }


@check("gradient", points=20, part="DistributedDataParallel", world=WORLDS, examples=6)
def accumulates_locally(solution, make, world):
    """no_sync: nothing is sent; the next backward sends the accumulated sum."""

    def run(plan):
        """plan: one letter per backward, l(ocal) or s(ynchronised)."""
        batches = batches_for(make, world, steps=len(plan))

        def work(wrapped, group):
            calls = []
            for step, kind in enumerate(plan):
                before = len(group.calls)
                if kind == "l":
                    with wrapped.no_sync():
                        loss_of(wrapped, batches, step, group.rank).backward()
                    calls.append(len(group.calls) - before)
                else:
                    loss_of(wrapped, batches, step, group.rank).backward()
            return {"gradients": gradients(wrapped.module), "calls under no_sync": calls}

        return on_ranks(make, solution, world, work)

    def two_at_once():
        batches = batches_for(make, world)

        def work(wrapped, group):
            with wrapped.no_sync():
                for step in range(2):
                    loss_of(wrapped, batches, step, group.rank).backward()
            loss_of(wrapped, batches, 2, group.rank).backward()
            return gradients(wrapped.module)

        return on_ranks(make, solution, world, work)

    return {
        "only local": lambda: run("l"),
        "local, then synchronised": lambda: run("ls"),
        "synchronised, then local": lambda: run("sl"),
        "two inside one no_sync": two_at_once,
        "in turn": lambda: run("lsls"),
    }


@check("gradient", points=5, tag="edge", part="DistributedDataParallel")
def keeps_the_ranks_in_step(solution, make):
    """Every rank makes the same calls in the same order; frozen weights get no gradient."""

    def same_calls():
        batches = batches_for(make, 2)

        def work(wrapped, group):
            with wrapped.no_sync():
                loss_of(wrapped, batches, 0, group.rank).backward()
            loss_of(wrapped, batches, 1, group.rank).backward()
            return list(group.calls)

        first, second = on_ranks(make, solution, 2, work)
        return first == second

    def frozen():
        batches = batches_for(make, 2)

        def work(wrapped, group):
            loss_of(wrapped, batches, 0, group.rank).backward()
            return wrapped.module.frozen.grad, wrapped.module.frozen

        return on_ranks(make, solution, 2, work)

    return {"same calls": same_calls, "frozen": frozen}


def shares(solution, length, world, epoch=None, **options):
    """(len, indices) of every rank; the global generators differ between ranks, as they do in real life."""
    answers = []
    for rank in range(world):
        torch.manual_seed(rank)
        sampler = solution.DistributedSampler(length, rank, world, **options)
        if epoch is not None:
            sampler.set_epoch(epoch)
        answers.append((len(sampler), list(sampler)))
    return answers


@check(
    "values", points=10, part="DistributedSampler", length=some.integers(0, 13), world=some.integers(1, 5), examples=20
)
def strides_without_shuffling(solution, make, length, world):
    """shuffle=False: rank, rank + world, ...; wraps around or drops the tail."""
    return {
        "wraps": lambda: shares(solution, length, world, shuffle=False),
        "drops": lambda: shares(solution, length, world, shuffle=False, drop_last=True),
        "fewer samples than ranks": lambda: [
            shares(solution, 1, 4, shuffle=False),
            shares(solution, 2, 5, shuffle=False),
        ],
        "any epoch": lambda: shares(solution, length, world, epoch=3, shuffle=False),
    }


def every_index_equally_often(evidence):
    length, world = evidence.arguments["length"], evidence.arguments["world"]
    for name, per_rank, drop_last in zip(("without", "with"), evidence.got, (False, True), strict=True):
        expected = length // world if drop_last else math.ceil(length / world)
        for rank, (size, indices) in enumerate(per_rank):
            if not all(type(index) is int for index in indices):
                return f"rank {rank} should yield Python ints"
            if size != expected or len(indices) != expected:
                return (
                    f"{name} drop_last, rank {rank} says it has {size} indices and yields {len(indices)}, "
                    f"expected {expected}"
                )
        together = [index for _, indices in per_rank for index in indices]
        if not all(0 <= index < length for index in together):
            return f"{name} drop_last, some indices are not between 0 and {length - 1}"
        counts = [together.count(index) for index in range(length)]
        low, high = (0, 1) if drop_last else (len(together) // max(length, 1), -(-len(together) // max(length, 1)))
        if counts and (min(counts) < low or max(counts) > high):
            return f"{name} drop_last, the ranks together yield an index {min(counts)} to {max(counts)} times"
    return None


@check(
    "values",
    points=10,
    part="DistributedSampler",
    length=some.integers(0, 13),
    world=some.integers(1, 5),
    examples=20,
    judged_by=every_index_equally_often,
)
def covers_everything_shuffled(solution, make, length, world):
    """Shuffled: equal shares, no overlap, nothing left out."""
    return shares(solution, length, world, seed=5), shares(solution, length, world, seed=5, drop_last=True)


def orders_differ(evidence):
    names = ("epoch 0", "epoch 1", "epoch 2", "another seed")
    *different, again, set_to_0, seeded, walked_twice = evidence.got
    for index, first in enumerate(different):
        for other in range(index):
            if first == different[other]:
                return f"{names[other]} and {names[index]} have the same order"
    if [indices for _, indices in different[0]] == [list(range(rank, 40, 2)) for rank in range(2)]:
        return "shuffle=True does not shuffle"
    if again != different[0] or set_to_0 != different[0]:
        return "the same seed and epoch gave two different orders (epoch 0 is where a sampler starts)"
    if seeded != different[0]:
        return "without a seed the order should be that of seed=0"
    if walked_twice[0] != walked_twice[1]:
        return "walking twice through one epoch gave two different orders"
    if walked_twice[1] == walked_twice[2]:
        return "set_epoch did not change the order of a sampler that had been used"
    return None


@check("values", points=5, part="DistributedSampler", judged_by=orders_differ)
def shuffles_anew_each_epoch(solution, make):
    """The order differs between epochs and seeds, and is the same for the same ones."""

    def one_sampler():
        sampler = solution.DistributedSampler(40, 1, 2)
        orders = [list(sampler), list(sampler)]
        sampler.set_epoch(1)
        return [*orders, list(sampler)]

    return [
        shares(solution, 40, 2),
        shares(solution, 40, 2, epoch=1),
        shares(solution, 40, 2, epoch=2),
        shares(solution, 40, 2, seed=1000),
        shares(solution, 40, 2),
        shares(solution, 40, 2, epoch=0),
        shares(solution, 40, 2, seed=0),
        one_sampler(),
    ]


def follows_one_rank(evidence):
    if isinstance(evidence.got, Raised) or len(evidence.got[0]) != 3:
        return "training on two ranks did not finish"
    first, second, _ = evidence.got[0]
    for name, weight in evidence.expected[0][2].items():  # the plain run, as the reference's process saw it
        for rank, weights in enumerate((first, second)):
            if name not in weights or not torch.allclose(weights[name], weight, rtol=1e-3, atol=1e-4):
                return f"after 40 steps on two ranks, {name} on rank {rank} is not what one rank learns"
    return None


@check("convergence", points=5, judged_by=follows_one_rank)
def trains_like_one_rank(solution, make):
    """40 steps on two ranks, with your sampler, end where one rank ends."""
    x, y = make.normal(32, 3), make.normal(32, 2)
    start = state(Net(make))
    curves = []

    def train(model, rows_of_step, curve):
        optimizer = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=0.005, momentum=0.5)
        for step in range(40):
            rows = rows_of_step(step)
            loss = (model(x[rows]) - y[rows]).square().mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            curve.append(loss.item())

    def starting_at_the_same_point(make):
        net = Net(make)
        net.load_state_dict(start)
        return net

    def work(wrapped, group):
        sampler = solution.DistributedSampler(32, group.rank, 2, shuffle=False)
        rows = torch.tensor(list(sampler), device=make.device)
        curve = []
        train(wrapped, lambda step: rows, curve)
        curves.append(curve)
        return state(wrapped.module)

    first, second = on_ranks(make, solution, 2, work, starting_at_the_same_point)
    alone = starting_at_the_same_point(make)
    train(alone, lambda step: torch.arange(32, device=make.device), [])
    return [first, second, state(alone)], curves[0]
