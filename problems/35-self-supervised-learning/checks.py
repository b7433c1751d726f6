"""What 35-self-supervised-learning is judged on."""

import math

import torch
from hypothesis import strategies as some
from torch import nn

from judge.checks import Ruling, changes, check, gradients, modes, state

SIZES = {"count": some.integers(1, 5), "features": some.integers(2, 5)}
TEMPERATURES = some.sampled_from([0.5, 0.1, 1.0, 2.0])


@check("values", points=20, part="nt_xent_loss", **SIZES, temperature=TEMPERATURES)
def compares_all_pairs(solution, make, count, features, temperature):
    """The loss of 2N anchors, whatever the lengths of the vectors and the temperature."""
    loss = solution.nt_xent_loss
    z1, z2 = make.normal(count, features), make.normal(count, features)
    return {
        "drawn": lambda: loss(z1, z2, temperature),
        "default temperature": lambda: loss(z1, z2),
        "long and short vectors": lambda: loss(30 * z1, 0.05 * z2, temperature=temperature),
        "two equal views": lambda: loss(z1, z1.clone(), 1.0 + temperature),  # far from 0, which would be rounding
        "float64": lambda: loss(z1.double(), z2.double(), temperature),
        "inputs": lambda: changes(lambda: loss(z1, z2), z1, z2),
    }


@check("gradient", points=10, part="nt_xent_loss", **SIZES, examples=8)
def lets_gradients_through(solution, make, count, features):
    """Gradients with respect to both views."""

    def run(temperature, scale=1.0):
        z1 = make.normal(count, features, std=scale, requires_grad=True)
        z2 = make.normal(count, features, requires_grad=True)
        solution.nt_xent_loss(z1, z2, temperature).backward()
        return gradients(z1=z1, z2=z2)

    return {
        "temperature 0.5": lambda: run(0.5),
        "temperature 0.2": lambda: run(0.2),
        "long vectors": lambda: run(1.0, scale=10.0),
    }


@check("values", points=5, tag="edge", part="nt_xent_loss")
def survives_a_low_temperature(solution, make):
    """Temperature 0.005, where the exponential of a similarity overflows float32; one pair alone."""

    def run(count, temperature):
        z1, z2 = make.normal(count, 4, requires_grad=True), make.normal(count, 4, requires_grad=True)
        value = solution.nt_xent_loss(z1, z2, temperature)
        value.backward()
        return value, gradients(z1=z1, z2=z2)

    return {"low temperature": lambda: run(5, 0.005), "one pair": lambda: run(1, 0.5)}


VOCAB, MASK = 12, 4
SPECIAL = (0, 1, 10)


@check(
    "values",
    points=15,
    part="mask_tokens",
    shape=some.sampled_from([(3, 6), (1, 1), (8,), (2, 3, 4)]),
    special=some.lists(some.integers(0, VOCAB - 1), max_size=3, unique=True),
)
def chooses_no_special_tokens(solution, make, shape, special):
    """p = 1 and p = 0: labels, untouched tokens, whatever iterable the special ids come in."""
    tokens = make.integers(0, VOCAB, *shape)

    def labels(ids, p=1.0):
        return solution.mask_tokens(tokens, MASK, VOCAB, ids, p, make.generator())[1]

    def of_special_tokens():
        return solution.mask_tokens(tokens, MASK, VOCAB, range(VOCAB), 1.0)

    return {
        "list": lambda: labels(special),
        "set": lambda: labels(set(special)),
        "tuple": lambda: labels(tuple(special)),
        "generator expression": lambda: labels(special_id for special_id in special),
        "none": lambda: labels([]),
        "mask_id is special, too": lambda: labels([*special, MASK]),
        "all tokens special": of_special_tokens,
        "p = 0": lambda: solution.mask_tokens(tokens, MASK, VOCAB, special, p=0.0),
        "tokens": lambda: changes(lambda: solution.mask_tokens(tokens, MASK, VOCAB, special, 1.0), tokens),
    }


def chance(hits, count, p):
    """Whether this many hits of `count` independent draws are believable for probability p."""
    return abs(hits - count * p) <= 6 * math.sqrt(count * p * (1 - p)) + 1


def spread(hits, counts, p):
    """How much hits of groups of independent draws vary, over what is expected: about 1; None when believable."""
    some_drawn = counts > 0
    hits, counts = hits[some_drawn].double(), counts[some_drawn].double()
    ratio = float(((hits - counts * p).square() / (counts * p * (1 - p))).mean())
    return None if abs(ratio - 1) <= 6 * math.sqrt(2.2 / len(counts)) else ratio


def what_is_wrong(tokens, inputs, labels, p, special):
    """What is wrong with one call of mask_tokens on (rows, columns) of tokens, if anything."""
    for tensor, name in ((inputs, "inputs"), (labels, "labels")):
        if not isinstance(tensor, torch.Tensor) or tensor.shape != tokens.shape or tensor.dtype != torch.int64:
            return f"the {name} should be int64 and have the shape of the tokens"
    chosen, ordinary = labels != -100, ~torch.isin(tokens, torch.tensor(special))
    if bool(chosen.all()):
        return "every token has a label; it should be -100 where the token is not chosen"
    if bool((chosen & ~ordinary).any()):
        return "some special tokens are chosen"
    if not torch.equal(labels[chosen], tokens[chosen]):
        return "the labels of chosen tokens should be the original tokens, -100 elsewhere"
    if not torch.equal(inputs[~chosen], tokens[~chosen]):
        return "some tokens that are not chosen (their label is -100) are changed"
    if not chance(int(chosen.sum()), int(ordinary.sum()), p):
        return f"{int(chosen.sum()) / int(ordinary.sum()):.3f} of the ordinary tokens are chosen, expected {p}"
    for dim, what in ((1, "rows"), (0, "columns")):
        if spread(chosen.sum(dim), ordinary.sum(dim), p) is not None:
            return f"the number chosen in the {what} does not vary as if each token were chosen by itself"

    told_apart = chosen & (tokens != MASK)
    kinds = {
        "become mask_id": (told_apart & (inputs == MASK), 0.8 + 0.1 / VOCAB),
        "stay": (told_apart & (inputs == tokens), 0.1 + 0.1 / VOCAB),
        "become another token": (told_apart & (inputs != MASK) & (inputs != tokens), 0.1 - 0.2 / VOCAB),
    }
    for what, (found, share) in kinds.items():
        if not chance(int(found.sum()), int(told_apart.sum()), share):
            return (
                f"{int(found.sum()) / int(told_apart.sum()):.3f} of the chosen tokens {what}, expected {share:.3f} "
                "(a random token may be the original one or mask_id)"
            )
    masked, share = kinds["become mask_id"]
    for dim, what in ((1, "row"), (0, "column")):
        if spread(masked.sum(dim), told_apart.sum(dim), share) is not None:
            return f"the chosen tokens of a {what} do not decide independently of each other what becomes of them"

    others, expected = [], []
    for token in range(VOCAB):
        if token != MASK:
            others.append(int((kinds["become another token"][0] & (inputs == token)).sum()))
            expected.append(int((told_apart & (tokens != token)).sum()) * 0.1 / VOCAB)
    if 0 in others:
        never = [token for token in range(VOCAB) if token != MASK][others.index(0)]
        return f"token {never} is never drawn as the random token; all {VOCAB} ids of the vocabulary are possible"
    chi_square = sum((got - mean) ** 2 / mean for got, mean in zip(others, expected, strict=True))
    if chi_square > 56:  # 11 degrees of freedom: one false alarm in 20 million
        return f"random tokens should be uniform over the vocabulary; all but mask_id were drawn {others} times"
    return None


def masked_as_promised(evidence):
    tokens, calls = evidence.expected[0], evidence.got[1]
    for call, (p, special) in zip(calls, CALLS, strict=True):
        if not isinstance(call, tuple) or len(call) != 2:
            return "mask_tokens should return two tensors, inputs and labels"
        if sentence := what_is_wrong(tokens, *call, p, special):
            return sentence
    by_default, same = calls[0], calls[1]
    if torch.equal(by_default[1], same[1]):
        return "two calls choose the same tokens"
    return None


CALLS = [(0.15, SPECIAL), (0.15, SPECIAL), (0.6, (*SPECIAL, MASK)), (0.9, ())]


@check("values", points=15, part="mask_tokens", judged_by=masked_as_promised)
def masks_80_10_10(solution, make):
    """Each token is chosen by itself; 80 % become mask_id, 10 % a random token, 10 % stay."""
    tokens, mask, generator = make.integers(0, VOCAB, 300, 150), solution.mask_tokens, make.generator()
    return tokens, [
        mask(tokens, MASK, VOCAB, SPECIAL),
        mask(tokens, MASK, VOCAB, SPECIAL, generator=generator),
        mask(tokens, MASK, VOCAB, CALLS[2][1], CALLS[2][0], generator),
        mask(tokens, MASK, VOCAB, CALLS[3][1], CALLS[3][0], generator),
    ]


def generator_decides(evidence):
    calls = evidence.got
    if not all(isinstance(tensor, torch.Tensor) for call in calls for tensor in call):
        return "mask_tokens should return two tensors, inputs and labels"
    first, second, again, other, once, twice, later = calls

    def same(one, two):
        return all(torch.equal(a, b) for a, b in zip(one, two, strict=True))

    if not same(first, again):
        return "the same generator state gave two different results"
    if same(first, second) or same(first, other):
        return "another state of the generator gave the same result: it is not used"
    if not same(once, twice):
        return "without a generator, the same state of torch's global one gave two different results"
    if same(twice, later):
        return "without a generator, two calls in a row gave the same result"
    return None


@check("values", points=5, part="mask_tokens", judged_by=generator_decides)
def draws_from_the_generator(solution, make):
    """The same state of the generator gives the same masks, another state others."""
    tokens, generator, calls = make.integers(0, VOCAB, 20, 20), make.generator(1), []
    for each in (generator, generator, make.generator(1), make.generator(2)):
        calls.append(tuple(solution.mask_tokens(tokens, MASK, VOCAB, SPECIAL, 0.5, generator=each)))
        torch.rand(1)  # what others draw in between must not matter
    for seed in (3, 3, None):
        if seed is not None:
            torch.manual_seed(seed)
        calls.append(tuple(solution.mask_tokens(tokens, MASK, VOCAB, SPECIAL, 0.5)))
    return calls


class Encoder(nn.Module):
    """A small smooth network whose BatchNorm tells whether the views came in one call; it notes its modes."""

    def __init__(self, inputs=5):
        super().__init__()
        # momentum=None: running statistics are plain averages, so the order of the views does not matter
        norm = nn.BatchNorm1d(6, eps=0.1, momentum=None)
        self.net = nn.Sequential(nn.Linear(inputs, 6, bias=False), norm, nn.Tanh(), nn.Linear(6, 3))
        self.modes, self.sizes = [], []

    def forward(self, x):
        self.modes.append(modes(self))
        self.sizes.append(len(x))
        return self.net(x)


class Views:
    """Views are new at each call; all that were given out are kept."""

    def __init__(self, make, count=4, dtype=None):
        self.make, self.count, self.dtype, self.given = make, count, dtype, []

    def __call__(self):
        x = self.make.normal(self.count, 5, dtype=self.dtype)
        pair = tuple(x + self.make.normal(self.count, 5, std=0.3, dtype=self.dtype) for _ in range(2))
        self.given.append(pair)
        return pair


@check("gradient", points=15, part="pretrain", count=some.integers(3, 6), steps=some.integers(1, 3), examples=6)
def takes_adam_steps(solution, make, count, steps):
    """One loss a step, and the encoder's weights and statistics after them."""

    def run(dtype=None, prepare=lambda encoder: encoder.train(), **options):
        encoder = make.filled(Encoder()).to(dtype or make.dtype)
        prepare(encoder)
        losses = solution.pretrain(encoder, Views(make, count, dtype), steps, **options)
        return losses, state(encoder)

    return {
        "defaults": run,
        "learning rate and temperature": lambda: run(lr=0.05, temperature=2.0),
        "evaluation mode": lambda: run(prepare=lambda encoder: encoder.eval()),
        "float64": lambda: run(dtype=torch.float64),
    }


@check("values", points=5, part="pretrain")
def leaves_the_rest_alone(solution, make):
    """make_views is called once a step, each view is encoded by a call of its own, modes and views stay."""

    def run(prepare=lambda encoder: encoder.train()):
        encoder, views = make.filled(Encoder()), Views(make)
        prepare(encoder)
        solution.pretrain(encoder, views, 3)
        return {"calls": len(views.given), "sizes": encoder.sizes, "modes": encoder.modes, "after": modes(encoder)}

    def views_after():
        kept, views = [], Views(make)

        def make_views():
            pair = views()
            kept.append([view.clone() for view in pair])
            return pair

        solution.pretrain(make.filled(Encoder()), make_views, 2)
        return [[view - old for view, old in zip(*pair, strict=True)] for pair in zip(views.given, kept, strict=True)]

    return {
        "training": run,
        "evaluation": lambda: run(lambda encoder: encoder.eval()),
        "a part in evaluation": lambda: run(lambda encoder: encoder.net[1].eval()),
        "views": views_after,
    }


CLASSES, INPUTS, FEATURES, BATCH, STEPS = 4, 24, 8, 32, 150


def content_and_nuisance(make):
    """Samples have a class, seen through much larger nuisances; two views of one share all but the nuisances.

    `given` has views without labels, and samples to be encoded: 24 whose labels a probe may see, and 400 more.
    """
    mixing = torch.linalg.qr(make.normal(INPUTS, INPUTS))[0]
    prototypes = 1.2 * torch.linalg.qr(make.normal(CLASSES, CLASSES))[0]

    def seen(content):
        nuisance = 2.5 * make.normal(len(content), 8)
        noise = 0.1 * make.normal(len(content), INPUTS)
        return torch.cat([content, nuisance], 1) @ mixing[: CLASSES + 8] + noise

    def content_of(labels):
        return prototypes[labels] + 0.25 * make.normal(len(labels), CLASSES)

    unlabelled = content_of(make.integers(0, CLASSES, 1024))
    few = torch.arange(24) % CLASSES
    new = make.integers(0, CLASSES, 400)
    given = {"x1": seen(unlabelled), "x2": seen(unlabelled), "few": seen(content_of(few)), "new": seen(content_of(new))}
    return given, (few, new)


def probe(few, new, labels):
    """Accuracy on `new` of a ridge classifier fitted to the features of a few labelled samples."""
    few_labels, new_labels = labels
    mean, std = few.mean(0), few.std(0) + 1e-6
    few, new = ((torch.nn.functional.pad((x - mean) / std, (0, 1), value=1.0)).double() for x in (few, new))
    targets = nn.functional.one_hot(few_labels, CLASSES).double()
    weights = torch.linalg.solve(few.T @ few + torch.eye(few.shape[1]).double(), few.T @ targets)
    return float(((new @ weights).argmax(1) == new_labels).double().mean())


def better_than_untrained(evidence):
    got = evidence.got[0] if isinstance(evidence.got, tuple) else ()
    if len(got) != 4 or not all(bool(torch.isfinite(features).all()) for features in got):
        return "the pretrained encoder gives features that are not finite"
    untrained, trained = probe(*got[:2], evidence.hidden), probe(*got[2:], evidence.hidden)
    return Ruling(
        trained >= max(0.85, untrained), f"accuracy {trained:.3f}, needs at least 0.85; untrained {untrained:.3f}"
    )


@check("convergence", points=10, part="pretrain", task=content_and_nuisance, judged_by=better_than_untrained)
def makes_features_for_a_linear_probe(solution, make, given):
    """Pretrained without labels, the features let a linear probe learn from 24 samples."""
    torch.manual_seed(make.integer(0, 1000))
    encoder = nn.Sequential(nn.Linear(INPUTS, 32), nn.ReLU(), nn.Linear(32, FEATURES)).to(make.device)
    step = 0

    def make_views():
        nonlocal step
        rows = torch.arange(step * BATCH, (step + 1) * BATCH, device=make.device) % len(given["x1"])
        step += 1
        return given["x1"][rows], given["x2"][rows]

    def features():
        with torch.no_grad():
            return [encoder(given["few"]), encoder(given["new"])]

    untrained = features()
    curve = solution.pretrain(encoder, make_views, STEPS, lr=1e-2)
    return [*untrained, *features()], list(curve)
