"""What 11-dataloader is judged on."""

from collections import Counter
from itertools import permutations

import torch
from hypothesis import strategies as some

from judge.checks import changes, check, outcome

SIZES = {"count": some.integers(1, 12), "batch_size": some.integers(1, 5)}


class Noted:
    """A dataset of `count` numbers, 100 and up, that notes what it is asked for; it cannot be gone through."""

    def __init__(self, count):
        self.count = count
        self.asked = []

    def __len__(self):
        return self.count

    def __getitem__(self, index):
        if type(index) is not int or not 0 <= index < self.count:
            raise TypeError(f"the dataset was asked for {index!r}, expected an int from 0 to {self.count - 1}")
        self.asked.append(index)
        return 100 + index

    __iter__ = None


def loader_of(solution, count, batch_size, **options):
    """A loader whose batches are lists of samples, so that nothing but the loader matters."""
    return solution.DataLoader(Noted(count), batch_size, collate_fn=list, **options)


@check("shape", points=10, part="DataLoader", **SIZES)
def counts_its_batches(solution, make, count, batch_size):
    """len(loader) and the sizes of the batches, with and without drop_last."""

    def sizes(**options):
        loader = loader_of(solution, count, batch_size, **options)
        return {"len": len(loader), "sizes": [len(batch) for batch in loader]}

    return {
        "plain": sizes,
        "drop_last": lambda: sizes(drop_last=True),
        "shuffle": lambda: sizes(shuffle=True, generator=make.generator()),
        "shuffle and drop_last": lambda: sizes(shuffle=True, drop_last=True),
    }


@check("values", points=10, part="DataLoader", **SIZES)
def batches_in_order(solution, make, count, batch_size):
    """Without shuffle: samples in order, the same at every pass; collate_fn makes the batches."""

    def passes(**options):
        loader = loader_of(solution, count, batch_size, **options)
        return [list(loader) for _ in range(2)]

    def collated():
        def collate(samples):
            return {"type": type(samples).__name__, "samples": samples}

        return list(solution.DataLoader(Noted(count), batch_size, False, False, collate))

    return {"plain": passes, "drop_last": lambda: passes(drop_last=True), "collate_fn": collated}


@check("values", points=10, part="DataLoader", **SIZES)
def fetches_when_asked(solution, make, count, batch_size):
    """What has been fetched before the first batch and after each one; nothing twice, nothing for nobody."""

    def fetched(**options):
        dataset = Noted(count)
        loader = solution.DataLoader(dataset, batch_size, collate_fn=list, **options)
        iterator = iter(loader)
        after = [list(dataset.asked)]
        for _ in iterator:
            after.append(list(dataset.asked))
        return [*after, list(dataset.asked)]

    def how_many():
        return [len(asked) for asked in fetched(shuffle=True, generator=make.generator())]

    def nobody_asks():
        dataset = Noted(count)
        loader = solution.DataLoader(dataset, batch_size, True, collate_fn=list)
        len(loader)
        iter(loader)
        return dataset.asked

    return {
        "plain": fetched,
        "drop_last": lambda: fetched(drop_last=True),
        "shuffle": how_many,
        "no batch": nobody_asks,
    }


@check("values", points=10, part="DataLoader", tag="edge")
def passes_do_not_disturb_each_other(solution, make):
    """Two passes at once, a pass that is broken off, a pass that is over."""

    def side_by_side():
        loader = loader_of(solution, 7, 2)
        first, second = iter(loader), iter(loader)
        return [next(first), next(first), next(second), next(first), next(second), list(first), list(second)]

    def nested():
        loader = loader_of(solution, 5, 2)
        return [[outer, inner] for outer in loader for inner in loader]

    def shuffled():
        loader = loader_of(solution, 7, 2, shuffle=True, generator=make.generator())
        first, second = iter(loader), iter(loader)
        batches = [next(first), next(second), next(second), next(first)]
        of_first = batches[0] + batches[3] + [sample for batch in first for sample in batch]
        of_second = batches[1] + batches[2] + [sample for batch in second for sample in batch]
        return sorted(of_first), sorted(of_second)

    def broken_off():
        loader = loader_of(solution, 6, 2)
        next(iter(loader))
        return list(loader)

    def over():
        iterator = iter(loader_of(solution, 3, 2))
        return [next(iterator, "over") for _ in range(4)]

    return {
        "side by side": side_by_side,
        "nested": nested,
        "shuffled": shuffled,
        "broken off": broken_off,
        "over": over,
    }


EPOCHS = 1200


def every_order_equally_likely(evidence):
    got = evidence.got
    for name, orders in got.items():
        wanted = list(range(100, 104 if name in ("many", "global") else 120))
        if any(sorted(order, key=repr) != wanted for order in orders):
            return "a shuffled pass should give every sample exactly once"
    first, second, again, other, from_global, again_from_global, other_from_global = got["twenty"]
    if first == list(range(100, 120)):
        return "shuffle=True gave the samples in their own order"
    if first == second:
        return "two passes gave the same order; every pass is shuffled anew"
    if first != again:
        return "the same generator state gave two different orders"
    if first == other:
        return "generators of different states gave the same order"
    if from_global != again_from_global:
        return "without a generator, the same state of torch's global generator gave two different orders"
    if from_global == other_from_global:
        return "without a generator, different states of torch's global generator gave the same order"
    for name, what in (("many", "with a generator"), ("global", "without a generator")):
        counts = Counter(tuple(order) for order in got[name])
        expected = EPOCHS / 24
        squares = sum((counts[order] - expected) ** 2 / expected for order in permutations(range(100, 104)))
        if squares > 90:  # chi-square of 23 degrees of freedom: false alarm below 1e-9
            return f"{what}, the 24 orders of 4 samples are not equally likely: {len(counts)} came in {EPOCHS} passes"
    return None


@check("values", points=15, part="DataLoader", judged_by=every_order_equally_likely)
def shuffles_every_pass(solution, make):
    """With shuffle: any order, a new one at every pass, from the generator or torch's global one."""

    def orders(count, batch_size, passes, generator):
        loader = loader_of(solution, count, batch_size, shuffle=True, generator=generator)
        return [[sample for batch in loader for sample in batch] for _ in range(passes)]

    def from_global(state):
        torch.manual_seed(state)
        return orders(20, 3, 1, None)[0]

    first, second = orders(20, 3, 2, make.generator())
    torch.manual_seed(7)  # the same generator must do whatever the global one's state is
    again, other = orders(20, 3, 1, make.generator())[0], orders(20, 3, 1, make.generator(1))[0]
    return {
        "twenty": [first, second, again, other, from_global(1), from_global(1), from_global(2)],
        "many": orders(4, 2, EPOCHS, make.generator(2)),
        "global": orders(4, 2, EPOCHS, None),
    }


def shown(batch):
    """A batch with its tuples and lists told apart."""
    if isinstance(batch, tuple):
        return {"tuple": [shown(field) for field in batch]}
    if isinstance(batch, list):
        return {"list": [shown(field) for field in batch]}
    return {key: shown(field) for key, field in batch.items()} if isinstance(batch, dict) else batch


@check("values", points=15, part="default_collate", count=some.integers(1, 4), length=some.integers(0, 3))
def collates_each_type(solution, make, count, length):
    """Tensors, numbers, strings, tuples, lists, dicts, and all of them nested."""

    def collate(sample):
        return shown(solution.default_collate([sample(index) for index in range(count)]))

    def nested(index):
        return {
            "image": make.normal(2, length),
            "meta": [f"{index}.png", (index, {"score": index / 2})],
            "flags": [True],
        }

    return {
        "tensors": lambda: collate(lambda index: make.normal(2, length)),
        "integer tensors": lambda: collate(lambda index: make.integers(0, 9, length).int()),
        "0-dim tensors": lambda: collate(lambda index: make.normal()),
        "ints": lambda: collate(lambda index: 3 * index - 2),
        "floats": lambda: collate(lambda index: index - 0.75),
        "strings": lambda: collate(lambda index: "ab" * index),
        "tuples": lambda: collate(lambda index: (make.normal(length), index)),
        "lists": lambda: collate(lambda index: [index, str(index), 0.5 * index]),
        "dicts": lambda: collate(lambda index: {"x": make.normal(3), "y": index, "name": "abcd"[index]}),
        "nested": lambda: collate(nested),
    }


@check("values", points=5, part="default_collate", tag="edge")
def collates_odd_samples(solution, make):
    """Devices, bools, mixed numbers, float64, fields of one string; samples unchanged."""

    def collate(*samples):
        return shown(solution.default_collate(list(samples)))

    def unchanged():
        x = make.normal(2, 3)
        samples = [(x[0], [1]), (x[1], [2])]
        moved = changes(lambda: solution.default_collate(samples), x)
        return moved, len(samples), [label for _, label in samples]

    def with_others_of_their_device():
        x, y = solution.default_collate([(make.normal(2), index) for index in range(3)])
        return x * make.normal(3, 2), y * torch.arange(3)

    return {
        "devices": with_others_of_their_device,
        "bools": lambda: collate(True, False, True),
        "bool and ints": lambda: collate(False, 2, True),
        "ints and bool": lambda: collate(2, True),
        "float and int": lambda: collate(0.5, 3),
        "bool tensors": lambda: collate(make.mask(3), make.mask(3)),
        "float64": lambda: collate(make.normal(3, dtype=torch.float64), make.normal(3, dtype=torch.float64)),
        "large ints": lambda: collate(2**40, -(2**62)),
        "one string": lambda: collate(("left",), ("right",)),
        "unchanged": unchanged,
    }


@check(
    "values",
    points=15,
    part="pad_collate",
    lengths=some.lists(some.integers(0, 5), min_size=1, max_size=4),
    width=some.integers(1, 3),
)
def pads_to_the_longest(solution, make, lengths, width):
    """Padded sequences, lengths and labels, for features, token ids and images."""

    def pad(sequence, *arguments, **named):
        samples = [(sequence(length), 2 * index - 1) for index, length in enumerate(lengths)]
        return solution.pad_collate(samples, *arguments, **named)

    return {
        "features": lambda: pad(lambda length: make.normal(length, width)),
        "token ids": lambda: pad(lambda length: make.integers(0, 9, length), -1),
        "numbers": lambda: pad(lambda length: make.normal(length), padding_value=0.5),
        "images": lambda: pad(lambda length: make.normal(length, width, 2, 2), 3),
    }


@check("values", points=5, part="pad_collate", tag="edge")
def pads_odd_samples(solution, make):
    """Devices, sequences of length 0, each batch's own longest, float64, samples unchanged."""

    def unchanged():
        x = make.normal(4, 2)
        return changes(lambda: solution.pad_collate([(x, 0), (x[:2], 1), (x[:0], 2)], 9.0), x)

    def with_others_of_their_device():
        padded, lengths, labels = solution.pad_collate([(make.normal(length), length % 2) for length in (2, 3)])
        inside = torch.arange(3, device=make.device) < lengths[:, None]
        return padded * inside, labels * make.integers(1, 9, 2)

    def one_batch_after_another():
        return [solution.pad_collate([(make.normal(length), 0)]) for length in (5, 2)]

    return {
        "devices": with_others_of_their_device,
        "all empty": lambda: solution.pad_collate([(make.normal(0, 3), 4), (make.normal(0, 3), 5)]),
        "first empty": lambda: solution.pad_collate([(make.normal(0), 1), (make.normal(2), 0)], -1.0),
        "one after another": one_batch_after_another,
        "float64": lambda: solution.pad_collate([(make.normal(n, dtype=torch.float64), n) for n in (1, 3)], 1e-9),
        "bools": lambda: solution.pad_collate([(make.mask(2), 1), (make.mask(4), 0)], True),
        "unchanged": unchanged,
    }


@check("values", points=5, tag="edge")
def follows_the_contract(solution, make):
    """Defaults, both collate functions in the loader, datasets without samples, ValueError."""
    loader = solution.DataLoader

    def defaults():
        dataset = [(make.normal(3), index, "abc"[index]) for index in range(3)]
        return [shown(batch) for batch in loader(dataset)]

    def padded(**options):
        dataset = [(make.normal(length, 2), length) for length in (3, 1, 2, 4, 0)]
        return list(loader(dataset, batch_size=2, collate_fn=solution.pad_collate, **options))

    def passes_over(count, **options):
        empty = loader(Noted(count), **options)
        return len(empty), list(empty)

    return {
        "defaults": defaults,
        "pad_collate": padded,
        "no samples": lambda: passes_over(0, batch_size=3),
        "no samples, shuffle": lambda: passes_over(0, shuffle=True, generator=make.generator()),
        "no batch left": lambda: passes_over(2, batch_size=3, drop_last=True),
        "one large batch": lambda: shown(next(iter(loader(Noted(2), batch_size=100)))),
        "bad batch_size": lambda: [outcome(loader, [1, 2], size) for size in (0, -1)],
    }
