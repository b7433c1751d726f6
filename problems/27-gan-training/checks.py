"""What 27-gan-training is judged on."""

import torch
from hypothesis import strategies as some
from torch import nn

from judge.checks import Ruling, check, state

LATENTS, FEATURES = 3, 2
SMOOTH = 0.1  # a BatchNorm with a tiny eps blows rounding up where a small batch happens to vary little


class Generator(nn.Sequential):
    def __init__(self):
        super().__init__(nn.Linear(LATENTS, 6), nn.BatchNorm1d(6, eps=SMOOTH), nn.Tanh(), nn.Linear(6, FEATURES))


class Discriminator(nn.Sequential):
    """Remembers what it was shown."""

    def __init__(self):
        super().__init__(
            nn.Linear(FEATURES, 6), nn.BatchNorm1d(6, eps=SMOOTH), nn.Tanh(), nn.Linear(6, 1), nn.Flatten(0)
        )
        self.shown = []

    def forward(self, x):
        self.shown.append(x.detach().clone())
        return super().forward(x)


class Game:
    """Two networks, their optimizers, and batches."""

    def __init__(self, solution, make, optimizer=torch.optim.SGD, batch=4, **options):
        self.step_of, self.make, self.batch = solution.gan_step, make, batch
        self.generator, self.discriminator = make.filled(Generator()), make.filled(Discriminator())
        options = options or {"lr": 0.1}
        self.opt_g = optimizer(self.generator.parameters(), **options)
        self.opt_d = optimizer(self.discriminator.parameters(), **options)

    def step(self, count=1):
        """The losses of `count` steps, each on batches of its own."""
        losses = []
        for _ in range(count):
            real = self.make.normal(self.batch, FEATURES, mean=1.0)
            z_d, z_g = self.make.normal(self.batch + 1, LATENTS), self.make.normal(self.batch + 2, LATENTS)
            networks = self.generator, self.discriminator
            losses.append(self.step_of(*networks, self.opt_g, self.opt_d, real, z_d, z_g))
        return losses

    def weights(self):
        return {"generator": state(self.generator), "discriminator": state(self.discriminator)}


@check("gradient", points=35, part="gan_step", batch=some.integers(2, 6), examples=6)
def updates_both_networks(solution, make, batch):
    """Weights and running statistics of both after 1 and 5 steps."""

    def after(steps, **options):
        game = Game(solution, make, batch=batch, **options)
        game.step(steps)
        return game.weights()

    def with_old_gradients():
        game = Game(solution, make, batch=batch)
        for parameter in (*game.generator.parameters(), *game.discriminator.parameters()):
            parameter.grad = make.normal(*parameter.shape)
        game.step()
        return game.weights()

    return {
        "1 step": lambda: after(1),
        "5 steps": lambda: after(5),
        "momentum": lambda: after(3, lr=0.05, momentum=0.9),
        "old gradients": with_old_gradients,
    }


@check("values", points=10, part="gan_step", batch=some.integers(2, 6), examples=6)
def reports_both_losses(solution, make, batch):
    """Returns d_loss and g_loss of the step, as floats."""
    return Game(solution, make, batch=batch).step(2)


@check("values", points=10, part="gan_step")
def shows_the_right_batches(solution, make):
    """D sees real, G(z_d), then G(z_g) after its own update: three calls."""

    def run():
        game = Game(solution, make)
        game.step()
        return game.discriminator.shown

    return {"shown to D": run}


@check("values", points=10, part="gan_step")
def keeps_modes_flags_and_batches(solution, make):
    """Modes, requires_grad flags and batches stay as they are."""

    def modes():
        game = Game(solution, make)
        game.generator.eval(), game.discriminator[1].eval()
        game.step()
        return [
            [module.training for module in net.modules()] for net in (game.generator, game.discriminator)
        ], game.weights()

    def flags():
        game = Game(solution, make)
        for net in (game.generator, game.discriminator):
            net[0].weight.requires_grad_(False)
        game.step(2)
        nets = game.generator, game.discriminator
        return [[parameter.requires_grad for parameter in net.parameters()] for net in nets], game.weights()

    def batches():
        game = Game(solution, make)
        inputs = make.normal(4, FEATURES), make.normal(4, LATENTS), make.normal(4, LATENTS)
        before = [tensor.clone() for tensor in inputs]
        solution.gan_step(game.generator, game.discriminator, game.opt_g, game.opt_d, *inputs)
        return [tensor - old for tensor, old in zip(inputs, before, strict=True)]

    return {"modes": modes, "requires_grad": flags, "batches": batches}


@check("gradient", points=5, tag="edge", part="gan_step")
def stays_stable(solution, make):
    """Logits of 500 to 1000, on the right and on the wrong side."""

    def run(sign):
        generator, discriminator = nn.Linear(1, 1, bias=False), nn.Linear(1, 1, bias=False)
        for net, value in ((generator, 1.0), (discriminator, 500.0 * sign)):
            nn.init.constant_(net.weight, value)
            net.to(make.device, make.dtype)
        opt_g, opt_d = (torch.optim.SGD(net.parameters(), lr=0.01) for net in (generator, discriminator))
        real, fake = make.tensor([[2.0], [1.5]]), make.tensor([[-1.0], [-2.0]])
        losses = solution.gan_step(generator, discriminator, opt_g, opt_d, real, fake, fake)
        return losses, generator.weight, discriminator.weight

    return {"right": lambda: run(1.0), "wrong": lambda: run(-1.0)}


def keeps_its_promises(evidence):
    first, second, again, other, asked, grad, at_home, unchanged, default = evidence.got
    for tensor, like in ((first, evidence.expected[0]), (asked, evidence.expected[4])):
        if not isinstance(tensor, torch.Tensor) or tensor.shape != like.shape or tensor.dtype != like.dtype:
            return f"sample(n) should return a tensor of shape {tuple(like.shape)} in the data's dtype, {like.dtype}"
        if not bool(torch.isfinite(tensor).all()):
            return "some samples are not finite"
    if not at_home:
        return "samples should be on the data's device"
    if not unchanged:
        return "train_gan changed the data in place"
    if grad:
        return "samples should have no gradient"
    if torch.equal(first, first[:1].expand_as(first)):
        return "all samples of one call are the same"
    if torch.equal(first, second):
        return "two calls gave the same samples"
    if any(not torch.equal(one, two) for one, two in zip((first, second), again, strict=True)):
        return "training twice with one seed gave two different sequences of samples"
    if torch.equal(first, other):
        return "another seed gave the same samples"
    if not default:
        return "without a seed, the samples are not those of seed=0"
    return None


@check("values", points=10, part="train_gan", judged_by=keeps_its_promises)
def samples_as_promised(solution, make):
    """sample(n): (n, D) in the data's dtype; new at each call, the same per seed."""
    data = make.normal(100, 2, std=3.0, mean=-5.0)
    before = data.clone()
    trained = []
    for seed in (1, 1, 2):
        trained.append(solution.train_gan(data, 5, seed))
        torch.rand(1)  # what others draw in between must not matter
    sample, same, other = trained
    first = sample(7)
    torch.rand(1)
    second = sample(7)
    wide = solution.train_gan(make.normal(50, 4, dtype=torch.float64), steps=2)(3)
    grad, at_home = first.requires_grad or wide.requires_grad, first.device == data.device == wide.device
    default = torch.equal(solution.train_gan(data, 2)(3), solution.train_gan(data, 2, 0)(3))
    return first, second, (same(7), same(7)), other(7), wide, grad, at_home, torch.equal(data, before), default


def shifted_and_scaled(make):
    """500 points of a correlated 2-D Gaussian of any shift and scale; what is hidden are its mean and deviations."""
    mixing = torch.tensor([[1.0, 0.0], [make.integer(-8, 9) / 10, 1.0]]) * 10 ** make.uniform(2, low=-1.0, high=1.5)
    data = make.normal(500, 2) @ mixing + 20 * make.normal(2)
    return data, (data.mean(0), data.std(0))


def near_the_data(evidence):
    samples, (mean, std) = evidence.got, evidence.hidden
    if not isinstance(samples, torch.Tensor) or samples.shape != (2000, 2) or not bool(torch.isfinite(samples).all()):
        return "sample(2000) should return finite numbers of shape (2000, 2)"
    distance = float(((samples.mean(0) - mean).abs() / std).max())
    ratio = samples.std(0) / std
    passed = distance <= 0.3 and bool(((ratio - 1).abs() <= 0.3).all())
    ratios = " and ".join(f"{value:.2f}" for value in ratio.tolist())
    return Ruling(
        passed,
        f"mean off by {distance:.2f} deviations (at most 0.3), deviations {ratios} times the data's (0.7 to 1.3)",
    )


@check("convergence", points=20, part="train_gan", task=shifted_and_scaled, judged_by=near_the_data)
def matches_the_data(solution, make, given):
    """After 1,000 steps, mean and deviations of the samples match the data's."""
    return solution.train_gan(given, 1000, seed=make.integer(0, 1000))(2000)
