"""What 34-wgan-gp is judged on."""

import math

import torch
from hypothesis import strategies as some
from torch import nn

from judge.checks import Ruling, changes, check, gradients, uniform_between

SHAPES = some.sampled_from([(3,), (1,), (2, 3), (1, 2, 2), ()])


class Critic(nn.Module):
    """Smooth, and looks at each sample by itself: (N, ...) -> (N, 1), or (N,) for a steep one.

    Its slopes are far below 1, or far above: near 1 the penalty is the square of a rounding error.
    """

    def __init__(self, inputs, steep=False):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(inputs, 5), nn.Tanh(), nn.Linear(5, 1))
        self.steep = steep

    def forward(self, x):
        x = x.reshape(len(x), -1)
        return self.net(x)[:, 0] + 3 * x.sum(1) / x.shape[1] ** 0.5 if self.steep else self.net(x)


def critic_for(make, shape, steep=False):
    return make.filled(Critic(math.prod(shape), steep), scale=0.5)


@check("values", points=10, part="losses", reals=some.integers(1, 5), fakes=some.integers(1, 5))
def scores_both_players(solution, make, reals, fakes):
    """Both losses, of scores (N,) and (N, 1), as many real as fake or not."""

    def of(*shape):
        real, fake = make.normal(reals, *shape, mean=1.0), make.normal(fakes, *shape)
        return solution.critic_loss(real, fake), solution.generator_loss(fake)

    def in_float64():
        real, fake = make.normal(reals, dtype=torch.float64), make.normal(fakes, 1, dtype=torch.float64)
        return solution.critic_loss(real, fake), solution.generator_loss(fake)

    return {"(N,)": of, "(N, 1)": lambda: of(1), "float64": in_float64}


@check("gradient", points=5, part="losses", reals=some.integers(1, 4), fakes=some.integers(1, 4), examples=6)
def lets_both_players_learn(solution, make, reals, fakes):
    """Gradients of the scores below both losses."""

    def critic():
        real, fake = make.normal(reals, 1, requires_grad=True), make.normal(fakes, 1, requires_grad=True)
        solution.critic_loss(real, fake).backward()
        return gradients(real=real, fake=fake)

    def generator():
        fake = make.normal(fakes, requires_grad=True)
        solution.generator_loss(fake).backward()
        return gradients(fake=fake)

    return {"critic": critic, "generator": generator}


@check("values", points=20, part="gradient_penalty", count=some.integers(1, 4), shape=SHAPES)
def penalises_each_slope(solution, make, count, shape):
    """The penalty for given eps: inputs of any rank, scores (N,) and (N, 1), eps of 0 and 1."""

    def run(eps=None, steep=False, dtype=None):
        critic = critic_for(make, shape, steep).to(dtype or make.dtype)
        real, fake = make.normal(count, *shape, mean=1.0, dtype=dtype), make.normal(count, *shape, dtype=dtype)
        eps = make.uniform(count, dtype=dtype) if eps is None else make.tensor([eps] * count)
        return solution.gradient_penalty(critic, real, fake, eps)

    return {
        "scores (N, 1)": run,
        "scores (N,)": lambda: run(steep=True),
        "eps 0": lambda: run(0.0),
        "eps 1": lambda: run(1.0),
        "float64": lambda: run(dtype=torch.float64),
    }


class Steep(nn.Module):
    """A critic whose slope is the same everywhere: `slope` in the direction of all numbers together."""

    def __init__(self, slope):
        super().__init__()
        self.slope = nn.Parameter(torch.tensor(slope))

    def forward(self, x):
        x = x.reshape(len(x), -1)
        return self.slope * x.sum(1) / x.shape[1] ** 0.5


@check("values", points=5, part="gradient_penalty")
def measures_whole_samples(solution, make):
    """A critic of known slope: the norm goes over all numbers of a sample, and over nothing else."""

    def run(slope, *shape):
        critic = Steep(slope).to(make.device, make.dtype)
        return solution.gradient_penalty(critic, make.normal(*shape), make.normal(*shape), make.uniform(shape[0]))

    def steep_for_some(dtype):  # in float64, where the slope of 0 shows how small a constant below the root may be
        weights = make.tensor([0.5, 1.0, 3.0, 0.0], dtype=dtype)
        real, fake = make.normal(4, 2, 3, dtype=dtype), make.normal(4, 2, 3, dtype=dtype)
        eps = make.uniform(4, dtype=dtype)
        return solution.gradient_penalty(lambda x: weights * x[:, 1, 2], real, fake, eps)

    return {
        "slope 1": lambda: run(1.0, 3, 2, 2),
        "slope 3, one sample": lambda: run(3.0, 1, 4),
        "slope 3, many samples": lambda: run(3.0, 6, 2, 4, 4),
        "slope -0.5": lambda: run(-0.5, 5, 3),
        "slopes of 0.5, 1, 3 and 0": lambda: steep_for_some(make.dtype),
        "slopes of 0.5, 1, 3 and 0, float64": lambda: steep_for_some(torch.float64),
    }


@check("gradient", points=20, part="gradient_penalty", count=some.integers(1, 4), shape=SHAPES, examples=8)
def reaches_the_critic(solution, make, count, shape):
    """Gradients of the critic's parameters (of second order); none for real and fake."""

    def run(steep=False, dtype=None):
        critic = critic_for(make, shape, steep).to(dtype or make.dtype)
        real = make.normal(count, *shape, mean=1.0, dtype=dtype, requires_grad=True)
        fake = make.normal(count, *shape, dtype=dtype, requires_grad=True)
        penalty = solution.gradient_penalty(critic, real, fake, make.uniform(count, dtype=dtype))
        (10 * penalty).backward()
        return gradients(critic, real=real, fake=fake)

    def beside_the_loss():
        critic = critic_for(make, shape)
        real, fake = make.normal(count, *shape, mean=1.0), make.normal(count, *shape)
        loss = critic(fake).mean() - critic(real).mean()
        (loss + 10 * solution.gradient_penalty(critic, real, fake, eps=make.uniform(count))).backward()
        return gradients(critic)

    return {
        "scores (N, 1)": run,
        "scores (N,)": lambda: run(steep=True),
        "float64": lambda: run(dtype=torch.float64),
        "beside the critic's loss": beside_the_loss,
    }


@check("gradient", points=5, tag="edge", part="gradient_penalty")
def survives_a_flat_critic(solution, make):
    """Finite gradients where the critic's slope is 0; inputs stay as they are."""

    def flat(shape, zeroed):
        critic = critic_for(make, shape)
        with torch.no_grad():
            for name, parameter in critic.named_parameters():
                if name.startswith(zeroed):
                    parameter.zero_()
        penalty = solution.gradient_penalty(critic, make.normal(4, *shape), make.normal(4, *shape), make.uniform(4))
        penalty.backward()
        return penalty, gradients(critic)

    def flat_for_some():
        scale = make.tensor([1.0, 0.0, 2.0], requires_grad=True)
        penalty = solution.gradient_penalty(
            lambda x: scale * x.square().sum(1) / 2, make.normal(3, 4), make.normal(3, 4), make.uniform(3)
        )
        penalty.backward()
        return penalty, scale.grad

    def unchanged():
        critic, eps = critic_for(make, (3,)), make.uniform(4)
        real, fake = make.normal(4, 3), make.normal(4, 3)
        return changes(lambda: solution.gradient_penalty(critic, real, fake, eps), real, fake, eps)

    return {
        "last layer 0": lambda: flat((2, 3), "net.2"),
        "first layer 0": lambda: flat((3,), "net.0"),
        "some samples": flat_for_some,
        "inputs": unchanged,
    }


class Shown(nn.Module):
    """A critic that remembers what it is shown."""

    def __init__(self):
        super().__init__()
        self.x = []

    def forward(self, x):
        self.x.append(x.detach().clone())
        return x.reshape(len(x), -1).square().sum(1)


MANY = 1500


def one_uniform_draw_a_sample(evidence):
    calls = evidence.got
    if any(not isinstance(x, torch.Tensor) or x.shape != (MANY, 2, 3) for x in calls):
        return "the critic should be shown one batch of the shape of real"
    eps = [x.double() for x in calls]
    for x in eps:
        if not bool((x - x[:, :1, :1]).abs().max() < 1e-5):
            return "with real = 1 and fake = 0, all numbers of a sample should be its eps: one draw a sample"
        drawn = x[:, 0, 0]
        if bool((drawn - drawn[0]).abs().max() < 1e-5):
            return "all samples share one eps; each needs its own draw"
        if sentence := uniform_between(drawn, 0.0, 1.0, "eps"):
            return sentence
        if abs(float(torch.corrcoef(torch.stack([drawn[1:], drawn[:-1]]))[0, 1])) > 6 / math.sqrt(MANY):
            return "the eps of neighbouring samples depend on each other"
    first, second, again, other, _, once, twice, later = eps
    if not torch.equal(first, again):
        return "the same generator state gave two different draws of eps"
    if torch.equal(first, second) or torch.equal(first, other):
        return "another state of the generator gave the same eps: it is not used"
    if not torch.equal(once, twice):
        return "without a generator, the same state of torch's global one gave two different draws of eps"
    if torch.equal(twice, later):
        return "without a generator, two calls in a row drew the same eps"
    return None


@check("values", points=10, part="gradient_penalty", judged_by=one_uniform_draw_a_sample)
def draws_eps_for_each_sample(solution, make):
    """Without eps, each sample gets one uniform draw; the generator decides."""
    real, fake = make.tensor(torch.ones(MANY, 2, 3)), make.tensor(torch.zeros(MANY, 2, 3))
    generator, critic = make.generator(1), Shown()
    on_the_device = torch.Generator(make.device).manual_seed(make.seed)
    for each in (generator, generator, make.generator(1), make.generator(2), on_the_device):
        solution.gradient_penalty(critic, real, fake, generator=each)
        torch.rand(1)  # what others draw in between must not matter
    for seed in (3, 3, None):
        if seed is not None:
            torch.manual_seed(seed)
        solution.gradient_penalty(critic, real, fake)
    return critic.x[:8]


def repeatable(evidence):
    answers, changed = evidence.got
    if not all(isinstance(answer, float) and math.isfinite(answer) for answer in answers):
        return f"estimate_wasserstein should return a finite Python float, got {type(answers[0]).__name__}"
    if answers[0] != answers[1]:
        return "the same samples and the same seed gave two different estimates"
    if any(bool((tensor != 0).any()) for tensor in changed):
        return "the samples are changed in place"
    return None


@check("values", points=10, part="estimate_wasserstein", judged_by=repeatable)
def repeats_its_estimate(solution, make):
    """A Python float; the same seed gives the same; samples of any dimension, of different numbers, unchanged."""
    real, fake = make.normal(30, 3), make.normal(20, 3, mean=2.0)
    estimate, answers = solution.estimate_wasserstein, []
    before = real.clone(), fake.clone()
    for seed in (1, 1):
        answers.append(estimate(real, fake, 4, seed))
        torch.rand(1)  # what others draw in between must not matter
    answers.append(estimate(real.double(), fake.double(), steps=4))
    learner = make.normal(20, 3, requires_grad=True)
    answers.append(estimate(real, learner, steps=4))
    return answers, [real - before[0], fake - before[1]]


def exact_distance(real, fake):
    """The 1-D Wasserstein distance: the area between the two distribution functions."""
    real, fake = real.double().flatten().sort().values, fake.double().flatten().sort().values
    edges = torch.cat([real, fake]).sort().values
    below = (torch.searchsorted(x, edges[:-1], right=True) / len(x) for x in (real, fake))
    return float(((next(below) - next(below)).abs() * edges.diff()).sum())


def normal(make, count, mean=0.0, std=1.0):
    return make.normal(count, 1, mean=mean, std=std)


def shifted(make, farthest):
    sign = 2 * make.integer(0, 2) - 1
    return normal(make, 400), normal(make, 300, sign * float(make.uniform(1, low=0.8, high=farthest)))


def wide_and_narrow(make, widest):
    return normal(make, 300, std=0.4), normal(make, 350, std=float(make.uniform(1, low=1.5, high=widest)))


def a_pair_around_zero(make):
    """A pair of 1-D samples, all of them together of mean 0 and standard deviation 1; hidden is the distance, twice."""
    real, fake = shifted(make, 1.5)
    together = torch.cat([real, fake])
    real, fake = ((one - together.mean()) / together.std(correction=0) for one in (real, fake))
    return [(real, fake)], [exact_distance(real, fake)] * 2


def pairs_in_other_units(make):
    """Two pairs of 1-D samples, one measured in small numbers and one in large ones; hidden are the distances."""
    kinds = [
        lambda: shifted(make, 4.0),
        lambda: wide_and_narrow(make, 2.5),
        lambda: (  # one mode and two
            normal(make, 400, std=0.3),
            torch.cat([normal(make, 200, -2, 0.3), normal(make, 150, 1.5, 0.3)]),
        ),
        lambda: (normal(make, 300).exp(), 0.5 - normal(make, 350).exp()),  # skewed, in opposite directions
    ]
    pairs = []
    for first, low, high in ((1, -3.0, -2.0), (0, 1.0, 3.0)):  # in small numbers never a mere shift: it forgives most
        real, fake = kinds.pop(first + make.integer(0, len(kinds) - first))()
        scale = 10 ** float(make.uniform(1, low=low, high=high))
        offset = 20 * make.normal(1)
        pairs.append(((real + offset) * scale, (fake + offset) * scale))
        pairs[-1] = pairs[-1] if make.integer(0, 2) else pairs[-1][::-1]
    return pairs, [exact_distance(*pair) for pair in pairs]


def within_fifteen_percent(evidence):
    got = evidence.got
    if not isinstance(got, list) or not all(isinstance(estimate, float) for estimate in got):
        return "estimate_wasserstein should return a Python float"
    if any(estimate < 0 for estimate in got):
        return "an estimate is negative; a distance is not: the critic should score real samples higher than fake ones"
    ratios = [estimate / exact for estimate, exact in zip(got, evidence.hidden, strict=True)]
    passed = all(abs(ratio - 1) <= 0.15 for ratio in ratios)
    return Ruling(
        passed,
        f"estimates {' and '.join(f'{ratio:.3f}' for ratio in ratios)} of the exact distance, needs 0.85 to 1.15",
    )


def within_fifteen_percent_by_default(evidence):
    ruling = within_fifteen_percent(evidence)
    if isinstance(ruling, Ruling) and evidence.got[0] != evidence.got[1]:
        return "without steps and seed, the estimate should be that of steps=300 and seed=0"
    return ruling


@check(
    "convergence",
    points=7,
    part="estimate_wasserstein",
    task=a_pair_around_zero,
    judged_by=within_fifteen_percent_by_default,
)
def measures_the_distance(solution, make, given):
    """1-D samples of mean 0 and standard deviation 1: the estimate is within 15 % of the exact distance."""
    ((real, fake),) = given
    return [solution.estimate_wasserstein(real, fake), solution.estimate_wasserstein(real, fake, 300, 0)]


@check(
    "convergence", points=8, part="estimate_wasserstein", task=pairs_in_other_units, judged_by=within_fifteen_percent
)
def measures_in_any_units(solution, make, given):
    """1-D samples of any shift and scale: the estimate is within 15 % of the exact distance."""
    return [solution.estimate_wasserstein(real, fake) for real, fake in given]
