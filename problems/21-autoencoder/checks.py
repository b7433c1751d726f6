"""What 21-autoencoder is judged on."""

import math

import torch
import torch.nn.functional as F
from hypothesis import strategies as some
from torch import nn

from judge.checks import at_most, changes, check, gradients, modes, moments, names_and_shapes, state

INPUT, HIDDEN, CODE = 6, 5, 2
SHAPES = some.sampled_from([(6,), (2, 3), (1, 6), (1, 2, 3), (6, 1, 1)])


def filled(solution, make, *sizes):
    return make.filled(solution.Autoencoder(*(sizes or (INPUT, HIDDEN, CODE))))


@check(
    "shape",
    points=10,
    count=some.integers(1, 4),
    shape=SHAPES,
    hidden=some.integers(1, 6),
    code=some.integers(1, 4),
)
def has_the_right_shapes(solution, make, count, shape, hidden, code):
    """Parameter names; shapes of encode, decode and forward, for flat samples and images."""
    model = solution.Autoencoder(INPUT, hidden, code).to(make.device, make.dtype)

    def of(tensor):
        return tensor.shape, tensor.detach().new_zeros(())  # the zero tells dtype and device

    return {
        "names": lambda: names_and_shapes(model),
        "encode": lambda: of(model.encode(make.uniform(count, *shape))),
        "decode": lambda: of(model.decode(make.normal(count, code))),
        "forward": lambda: of(model(make.uniform(count, *shape))),
        "float64": lambda: of(model.double()(make.uniform(count, *shape, dtype=torch.float64))),
    }


@check("values", points=15, count=some.integers(1, 4), shape=SHAPES, code=some.integers(1, 4))
def encodes_and_decodes(solution, make, count, shape, code):
    """The numbers of encode, decode and forward; the input stays as it is."""
    model, x = filled(solution, make, INPUT, HIDDEN, code), make.normal(count, *shape, std=2.0)
    return {
        "encode": lambda: model.encode(x),
        "decode": lambda: model.decode(make.normal(count, code, std=2.0)),
        "forward": lambda: model(x),
        "evaluation": lambda: model.eval()(x),
        "input": lambda: changes(lambda: model(x), x),
    }


@check("gradient", points=10, count=some.integers(1, 3), shape=SHAPES, examples=6)
def learns_from_every_weight(solution, make, count, shape):
    """Gradients of the input and of every parameter through forward."""
    model, x = filled(solution, make), make.normal(count, *shape, requires_grad=True)
    (model(x) * make.normal(count, *shape)).sum().backward()
    return gradients(model, x=x)


@check(
    "values",
    points=10,
    count=some.integers(1, 7),
    batch_size=some.integers(1, 8),
    epochs=some.integers(1, 2),
    examples=8,
)
def averages_the_loss_over_samples(solution, make, count, batch_size, epochs):
    """With lr = 0 every epoch's loss is the same: the mean over all samples, ragged last batch or not."""

    def run(*shape, sizes=(count, batch_size), **options):
        data = make.uniform(sizes[0], *shape)
        return solution.train_autoencoder(filled(solution, make), data, epochs, sizes[1], 0.0, **options)

    return {
        "flat": lambda: run(INPUT),
        "images": lambda: run(1, 2, 3),
        "generator": lambda: run(INPUT, generator=make.generator()),
        "7 samples in batches of 3": lambda: run(INPUT, sizes=(7, 3)),
    }


class Constant(nn.Module):
    """Answers its one parameter whatever it is shown, so noise in the input cannot reach the loss."""

    def __init__(self):
        super().__init__()
        self.value = nn.Parameter(torch.tensor(0.25))

    def forward(self, x):
        return self.value.expand_as(x)


@check("gradient", points=20, count=some.integers(1, 5), examples=6)
def takes_adam_steps(solution, make, count):
    """Losses and weights after 3 epochs of one batch each; noise does not touch the target."""

    def run(*shape, batch_size=count, epochs=3, dtype=None):
        model, data = filled(solution, make), make.uniform(count, *shape, dtype=dtype)
        model = model.to(dtype or make.dtype)
        return solution.train_autoencoder(model, data, epochs, batch_size, 0.02), state(model)

    def with_noise():
        model = Constant().to(make.device, make.dtype)
        data = make.uniform(count, 3)
        losses = solution.train_autoencoder(model, data, 3, count, 0.05, 2.0, generator=make.generator())
        return losses, model.value

    return {
        "flat": lambda: run(INPUT),
        "images": lambda: run(2, 3, epochs=2),
        "batch larger than the data": lambda: run(INPUT, batch_size=count + 3, epochs=2),
        "one sample after the other, all alike": lambda: all_alike(solution, make, count),
        "target without noise": with_noise,
        "float64": lambda: run(INPUT, dtype=torch.float64),
    }


def all_alike(solution, make, count):
    """Batches of one of equal samples: the shuffling cannot matter, the number of steps does."""
    model, data = filled(solution, make), make.uniform(1, INPUT).repeat(count, 1)
    return solution.train_autoencoder(model, data, 2, 1, 0.01), state(model)


class Recorder(nn.Module):
    """Returns its input times a parameter and remembers what it was shown, and in which modes."""

    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(()))
        self.rest = nn.Sequential(nn.Dropout(0.0), nn.Dropout(0.0))
        self.shown, self.modes = [], []

    def forward(self, x):
        self.shown.append(x.detach().clone())
        self.modes.append(modes(self))
        return self.rest(x * self.scale)


@check("values", points=5)
def leaves_the_rest_alone(solution, make):
    """The data and the modes stay as they are, also while it trains."""

    def recorded(prepare):
        model = Recorder().to(make.device, make.dtype)
        prepare(model)
        solution.train_autoencoder(model, make.uniform(5, 3), 2, 2, 0.01)
        return model.modes, modes(model)

    def data_after(**options):
        data = make.uniform(5, INPUT)
        model = filled(solution, make)
        return changes(lambda: solution.train_autoencoder(model, data, 2, 2, 0.01, **options), data)

    return {
        "training mode": lambda: recorded(lambda model: model.train()),
        "evaluation mode": lambda: recorded(lambda model: model.eval()),
        "a part in evaluation mode": lambda: recorded(lambda model: model.rest[0].eval()),
        "data": data_after,
        "data, with noise": lambda: data_after(noise_std=0.5, generator=make.generator()),
    }


ROWS, WIDE, EPOCHS, BATCH = 23, 40, 8, 5
ORDERS = 120
SPACING = 16.0  # between rows of the data, so that a noisy row can be told from the others


def marked_rows(make, count=ROWS):
    """Row i holds SPACING * (i + 1) everywhere."""
    return make.tensor((torch.arange(count) + 1.0) * SPACING)[:, None].expand(count, WIDE).contiguous()


def shown(solution, make, generator, noise_std=0.0, count=ROWS, epochs=EPOCHS, batch_size=BATCH):
    """Everything the model is shown, and how it is cut into batches."""
    model = Recorder().to(make.device, make.dtype)
    data = marked_rows(make, count)
    losses = solution.train_autoencoder(model, data, epochs, batch_size, 0.0, noise_std, generator)
    return torch.cat(model.shown), [len(batch) for batch in model.shown], losses


def seven_runs(solution, make, **options):
    """Two with one generator, one with its state again, one with another state, three with torch's global one."""
    generator, runs = make.generator(1), []
    for each in (generator, generator, make.generator(1), make.generator(2)):
        runs.append(shown(solution, make, each, **options))
        torch.rand(1)  # what others draw in between must not matter
    for seed in (3, 3, None):
        if seed is not None:
            torch.manual_seed(seed)
        runs.append(shown(solution, make, None, **options))
    return runs


def rows_of(run, count, batch_size, epochs):
    """Which rows were shown, as (epochs, count); or a sentence."""
    if not isinstance(run, tuple) or not isinstance(run[0], torch.Tensor) or run[0].shape[1:] != (WIDE,):
        return "the model is not shown batches of the data, (n, ...)"
    sizes = [min(batch_size, count - start) for start in range(0, count, batch_size)]
    if run[1] != sizes * epochs:
        return f"{count} samples in batches of {batch_size} should be batches of {sizes} each epoch, got {run[1][:9]}"
    rows = (run[0].double().mean(1) / SPACING).round().long() - 1
    rows = rows.view(epochs, count)
    if not bool((rows.sort(1).values == torch.arange(count)).all()):
        return "an epoch should show every sample exactly once"
    return rows


def uses_the_generator(runs):
    """What is wrong with the draws of `seven_runs`, if anything."""
    first, second, again, other, once, twice, later = (run[0] for run in runs)
    if not torch.equal(first, again):
        return "the same generator state gave two different trainings"
    if torch.equal(first, second) or torch.equal(first, other):
        return "another state of the generator gave the same training: it is not used"
    if not torch.equal(once, twice):
        return "without a generator, the same state of torch's global one gave two different trainings"
    if torch.equal(twice, later):
        return "without a generator, two trainings in a row made the same draws"
    return None


def newly_shuffled(evidence):
    runs, short = evidence.got
    for run in runs:
        rows = rows_of(run, ROWS, BATCH, EPOCHS)
        if isinstance(rows, str):
            return rows
        # A model that answers what it is shown: only a target other than the input makes a loss.
        if not all(isinstance(loss, float) and loss < 1e-6 for loss in run[2]) or len(run[2]) != EPOCHS:
            return "a model that returns its input has loss 0 without noise: a list of one float an epoch"
    rows = rows_of(runs[0], ROWS, BATCH, EPOCHS)
    if bool((rows == torch.arange(ROWS)).all()):
        return "the samples come in the order of the data; shuffle them"
    if bool((rows == rows[0]).all()):
        return "every epoch has the same order; shuffle anew in each"
    if sentence := uses_the_generator(runs):
        return sentence
    rows = rows_of(short, 3, 1, ORDERS)
    if isinstance(rows, str):
        return rows
    counts = torch.bincount(rows[:, 0] * 3 + rows[:, 1], minlength=9)[[1, 2, 3, 5, 6, 7]]
    chi_square = float((counts - ORDERS / 6).square().sum() / (ORDERS / 6))
    if chi_square > 38:  # 5 degrees of freedom: one false alarm in 2.6 million
        return f"the 6 orders of 3 samples should be equally likely, they came {counts.tolist()} times"
    return None


@check("values", points=10, judged_by=newly_shuffled)
def shuffles_every_epoch(solution, make):
    """Each epoch shows every sample once, in a new order, in batches of the right size; the generator decides."""
    return seven_runs(solution, make), shown(solution, make, make.generator(), count=3, epochs=ORDERS, batch_size=1)


STD = 0.5


def noise_is_gaussian(evidence):
    noises = []
    for run in evidence.got:
        rows = rows_of(run, ROWS, BATCH, EPOCHS)
        if isinstance(rows, str):
            return rows
        noise = run[0].double().view(EPOCHS, ROWS, WIDE) - SPACING * (rows[..., None] + 1)
        # by sample, not by place in the epoch
        noises.append(noise.gather(1, rows.argsort(1)[..., None].expand_as(noise)) / STD)
    for noise in noises[:1] + noises[4:5]:
        if float(noise.abs().max()) == 0:
            return "with noise_std the inputs should be noisy, they are the clean data"
        for dim, what in enumerate(("epochs", "samples of one epoch", "features of one sample")):
            if bool((noise - noise.narrow(dim, 0, 1)).abs().max() < 1e-3):
                return f"all {what} have the same noise; every number of every batch needs its own"
        if sentence := moments(noise, 0.0, 1.0, "the noise / noise_std"):
            return sentence
        for dim, what in enumerate(("epochs", "samples", "features")):
            means = noise.mean(dim) * math.sqrt(noise.shape[dim])  # of variance 1 where the draws are independent
            if sentence := moments(means, 0.0, 1.0, f"noise summed over {what}"):
                return f"{sentence}; every number needs a draw of its own"
        kurtosis = float(noise.pow(4).mean())
        if abs(kurtosis - 3) > 0.8:
            return f"the noise is not Gaussian: its fourth moment is {kurtosis:.2f}, expected 3"
    return uses_the_generator(evidence.got)


@check("values", points=10, judged_by=noise_is_gaussian)
def adds_gaussian_noise(solution, make):
    """With noise_std the inputs are the data plus fresh Gaussian noise; the generator decides."""
    return seven_runs(solution, make, noise_std=STD)


PIXELS, UNITS, CODES, NOISE = 32, 32, 3, 0.3


def bumps(make):
    """Rows of 32 pixels, a ring, with one smooth bump of any place and width; the last 256 are hidden."""
    count = 768
    centre, width = make.uniform(count, 1, high=PIXELS), make.uniform(count, 1, low=1.5, high=2.5)
    distance = (torch.arange(PIXELS) + 0.5 - centre).abs()
    x = 0.05 + 0.9 * (-(torch.minimum(distance, PIXELS - distance) / width).square() / 2).exp()
    return x[:512], (x[:512], x[512:], NOISE * make.normal(256, PIXELS))


def reconstructed(weights, x):
    """What the trained autoencoder makes of x, computed here from its weights; or a sentence."""
    shapes = {"encoder.0": (UNITS, PIXELS), "encoder.2": (CODES, UNITS)}
    shapes |= {"decoder.0": (UNITS, CODES), "decoder.2": (PIXELS, UNITS)}
    if not isinstance(weights, dict):
        return "there are no trained weights"
    for name, shape in shapes.items():
        weight, bias = (weights.get(f"{name}.{part}") for part in ("weight", "bias"))
        if getattr(weight, "shape", None) != shape or getattr(bias, "shape", None) != shape[:1]:
            return f"the trained autoencoder has no {name} of shape {shape}"

    def linear(name, inputs):
        return F.linear(inputs, weights[f"{name}.weight"].double(), weights[f"{name}.bias"].double())

    code = linear("encoder.2", linear("encoder.0", x.double()).relu())
    return linear("decoder.2", linear("decoder.0", code).relu()).sigmoid()


def error_over_pca(weights, hidden):
    """Squared error on hidden data over that of as many principal components."""
    seen, unseen, _ = (tensor.double() for tensor in hidden)
    answer = reconstructed(weights, unseen)
    if isinstance(answer, str):
        return answer
    components = torch.linalg.svd(seen - seen.mean(0), full_matrices=False)[2][:CODES]
    linear = (unseen - seen.mean(0)) @ components.T @ components + seen.mean(0)
    return float((answer - unseen).square().mean() / (linear - unseen).square().mean())


def noise_that_is_left(weights, hidden):
    """Squared error after denoising hidden data, over that of the noise."""
    _, unseen, noise = (tensor.double() for tensor in hidden)
    answer = reconstructed(weights, unseen + noise)
    return answer if isinstance(answer, str) else float((answer - unseen).square().mean() / noise.square().mean())


def trained(solution, make, given, noise_std):
    model = solution.Autoencoder(PIXELS, UNITS, CODES).to(make.device)
    curve = solution.train_autoencoder(model, given, 30, 32, 0.01, noise_std, make.generator())
    return state(model), list(curve)


@check("convergence", points=5, task=bumps, judged_by=at_most(0.3, error_over_pca, "error / PCA's error"))
def beats_principal_components(solution, make, given):
    """Trained on bumps, it reconstructs hidden ones better than PCA with as large a code."""
    return trained(solution, make, given, 0.0)


@check("convergence", points=5, task=bumps, judged_by=at_most(0.14, noise_that_is_left, "share of the noise left"))
def denoises(solution, make, given):
    """Trained with noise, it removes noise from hidden bumps."""
    return trained(solution, make, given, NOISE)
