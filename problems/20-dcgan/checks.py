"""What 20-dcgan is judged on."""

import math

import torch
import torch.nn.functional as F
from hypothesis import strategies as some
from torch import nn

from judge.checks import at_least, batch_of, changes, check, gradients, minimise, moments

SIZE = 64
WIDTHS = some.integers(1, 5)


def with_weights(net, make, gain=2.0):
    """The network with weights of ours. Its names are free, so that it cannot be filled by name."""
    net = net.to(make.device, make.dtype)
    with torch.no_grad():
        for name, parameter in net.named_parameters():
            if parameter.dim() > 1:
                parameter.copy_(make.normal(*parameter.shape, std=gain / parameter[0].numel() ** 0.5))
            else:
                parameter.copy_(make.normal(*parameter.shape, mean=float(name.endswith("weight")), std=0.2))
    return net


def generator_for(solution, make, z_dim=5, channels=1, base=4):
    return with_weights(solution.Generator(z_dim, channels, base), make)


def discriminator_for(solution, make, channels=1, base=4):
    return with_weights(solution.Discriminator(channels, base), make)


def images(make, count, channels=1):
    """Random images between -1 and 1."""
    return make.uniform(count, channels, SIZE, SIZE, low=-1.0)


def looked_at(out, x):
    """What kind of thing came out for the input x, and the sum of its numbers."""
    if not isinstance(out, torch.Tensor):
        return {"kind": f"a {type(out).__name__}"}
    return {
        "kind": f"a tensor of shape {tuple(out.shape)}",
        "dtype": out.dtype,
        "at home": out.device == x.device,
        "sum": out.detach().double().sum().item(),
    }


def complaint(seen, shape, dtype, what):
    """What is wrong with something that was `looked_at`, or None."""
    wanted = f"a tensor of shape {tuple(shape)}"
    if seen["kind"] != wanted:
        return f"{what}: expected {wanted}, got {seen['kind']}"
    if seen["dtype"] != str(dtype):
        return f"{what}: expected {dtype}, got {seen['dtype']}"
    if not seen["at home"]:
        return f"{what}: the result is not on the device of the input"
    if not math.isfinite(seen["sum"]):
        return f"{what}: some of the numbers are not finite"
    return None


def count_of(net):
    return sum(parameter.numel() for parameter in net.parameters())


def sizes_seen(build, inputs_of, make, count, base):
    """One network in training, in evaluation on one sample and in float64; how many parameters two widths have.

    How far results for different inputs are apart is asked of a wider one: a very narrow one may have dead units only.
    """
    net, x = with_weights(build(base), make), inputs_of(count)
    wide = with_weights(build(4), make)(x)
    return {
        "apart": (wide[1:] - wide[:1]).abs().max().item() if isinstance(wide, torch.Tensor) and wide.dim() else 0.0,
        "training": looked_at(net.train()(x), x),
        "evaluation, one sample": looked_at(net.eval()(x[:1]), x),
        "float64": looked_at(net.double()(x.double()), x),
        "parameters": [count_of(net), count_of(build(2 * base))],
    }


def right_sizes(shape_of):
    """Judges `sizes_seen`; shape_of(count, arguments) is what should come out."""

    def judge(evidence):
        got, count = evidence.got, evidence.arguments["count"]
        for what, samples, dtype in (
            ("training", count, torch.float32),
            ("evaluation, one sample", 1, torch.float32),
            ("float64", count, torch.float64),
        ):
            if sentence := complaint(got[what], shape_of(samples, evidence.arguments), dtype, what):
                return sentence
        if not got["apart"] > 1e-5:
            return "different inputs of one batch give the same result"
        narrow, wide = got["parameters"]
        if not narrow < wide:
            return f"a larger base should give more parameters; twice the base gave {wide} after {narrow}"
        return None

    return judge


# ----------------------------------------------------------------------------------------------------- generator


@check(
    "shape",
    points=8,
    part="Generator",
    judged_by=right_sizes(lambda count, drawn: (count, drawn["channels"], SIZE, SIZE)),
    count=some.integers(2, 3),
    z_dim=some.sampled_from([1, 2, 7, 100]),
    channels=some.integers(1, 4),
    base=WIDTHS,
    examples=6,
)
def makes_images(solution, make, count, z_dim, channels, base):
    """(N, z_dim) becomes (N, channels, 64, 64), in training and evaluation, for any width."""

    def build(width):
        return solution.Generator(z_dim, channels, width)

    return sizes_seen(build, lambda count: make.normal(count, z_dim), make, count, base)


def other_width(counts, defaults, named):
    """What is wrong when a network made by default is not as large as one with base=64; None when nothing is."""
    by_default, by_name = counts
    if by_default != by_name:
        return f"{defaults} has {by_default} parameters and {named} has {by_name}; the default of base is 64"
    return None


def between_minus_one_and_one(evidence):
    default, counts, lowest, highest, _ = evidence.got
    if sentence := complaint(default, (1, 3, SIZE, SIZE), torch.float32, "Generator() on (1, 100)"):
        return sentence
    if sentence := other_width(counts, "Generator()", "Generator(base=64)"):
        return sentence
    if not (lowest >= -1 and highest <= 1):
        return f"pixels should stay between -1 and 1, they go from {lowest:.3g} to {highest:.3g}"
    if not (lowest < -0.5 and highest > 0.5):
        return f"with large weights pixels should fill -1 to 1, they only go from {lowest:.3g} to {highest:.3g}"
    return None


@check("values", points=8, part="Generator", judged_by=between_minus_one_and_one, pictures=[4])
def keeps_the_range(solution, make):
    """Pixels fill -1 to 1 and never leave it; the defaults are z_dim=100, channels=3, base=64."""
    net, z = solution.Generator().to(make.device, make.dtype).eval(), make.normal(1, 100)
    with torch.no_grad():
        default = looked_at(net(z), z)
        drawn = [with_weights(solution.Generator(5, 2, 4), make, gain=6.0)(make.normal(4, 5)) for _ in range(3)]
    counts = count_of(net), count_of(solution.Generator(base=64))
    lowest, highest = min(x.min().item() for x in drawn), max(x.max().item() for x in drawn)
    return default, counts, lowest, highest, drawn[0]  # the last one to look at


def has(net, kind, strided=False):
    """Whether a module of this kind is in the network, one with a stride where that is asked for."""
    return any(isinstance(module, kind) and (not strided or max(module.stride) > 1) for module in net.modules())


def far(one, other):
    """The largest distance between two tensors of one shape, relative to the size of their numbers."""
    if one.shape != other.shape:
        return float("inf")
    return float((one - other).abs().max() / torch.maximum(one.abs().max(), other.abs().max()).clamp_min(1e-12))


def company(net, x, others):
    """How far the first sample's result depends on its batch, and whether the same input gives the same result."""
    with torch.no_grad():
        mixed = torch.cat([x[:1], others])
        training = far(net.train()(x)[:1], net(mixed)[:1])
        net.eval()
        together, again = net(x), net(x)
        return {
            "training": training,
            "alone": far(together[:1], net(x[:1])),
            "mixed": far(together[:1], net(mixed)[:1]),
            "again": far(together, again),
            "input": max(float(change.abs().max()) for change in changes(lambda: net(x), x)),
        }


def by_itself(seen):
    """What is wrong with a network's answers in evaluation mode, or None."""
    if seen["again"] > 1e-4:
        return "in evaluation mode the same input gave two different results"
    if seen["alone"] > 1e-3 or seen["mixed"] > 1e-3:
        return "in evaluation mode a sample's result depends on the rest of its batch"
    if seen["input"] > 0:
        return "the input is changed in place"
    return None


def built_as_asked(evidence):
    upsamples, normalises, seen = evidence.got
    if not upsamples:
        return "the generator has no nn.ConvTranspose2d with a stride among its modules"
    if not normalises:
        return "the generator has no nn.BatchNorm2d among its modules"
    if not seen["training"] > 1e-3:
        return "in training mode batch norm should look at the whole batch: a sample's image depends on the others'"
    return by_itself(seen)


@check("values", points=9, part="Generator", judged_by=built_as_asked)
def upsamples_and_normalises(solution, make):
    """Strided transposed convolutions and batch norm; in evaluation each image depends on its own z alone."""
    net = generator_for(solution, make)
    seen = company(net, make.normal(4, 5), make.normal(3, 5))
    return has(net, nn.ConvTranspose2d, strided=True), has(net, nn.BatchNorm2d), seen


def sizes_of_gradients(net, **inputs):
    """The largest entry of each gradient by name, None where there is none, after a backward."""
    return {name: None if g is None else g.abs().max().item() for name, g in gradients(net, **inputs).items()}


def reached(found, what):
    """What is wrong with `sizes_of_gradients`, or None."""
    if len(found) < 2:
        return f"{what} has no parameters: layers in a plain list are not found, use nn.Sequential or nn.ModuleList"
    for name, size in found.items():
        if size is None:
            return f"{what}: no gradient reaches '{name}'"
        if not math.isfinite(size):
            return f"{what}: the gradient of '{name}' is not finite"
        # The bias in front of a batch norm has a gradient of 0, so biases may have one.
        if size == 0 and name.endswith(("weight", "input")):
            return f"{what}: the gradient of '{name}' is 0 everywhere"
    return None


@check("gradient", points=5, part="Generator", judged_by=lambda evidence: reached(evidence.got, "the generator"))
def trains_the_whole_generator(solution, make):
    """Gradients reach the noise and every parameter."""
    net, z = generator_for(solution, make, channels=2).train(), make.normal(4, 5, requires_grad=True)
    x = net(z)
    (x * make.normal(*x.shape)).sum().backward()
    return sizes_of_gradients(net, input=z)


# ------------------------------------------------------------------------------------------------- discriminator


@check(
    "shape",
    points=8,
    part="Discriminator",
    judged_by=right_sizes(lambda count, drawn: (count,)),
    count=some.integers(2, 3),
    channels=some.integers(1, 4),
    base=WIDTHS,
    examples=6,
)
def scores_images(solution, make, count, channels, base):
    """(N, channels, 64, 64) becomes (N,), also for one image in evaluation, for any width."""

    def build(width):
        return solution.Discriminator(channels, width)

    return sizes_seen(build, lambda count: images(make, count, channels), make, count, base)


def unbounded(evidence):
    default, counts, strided, lowest, highest, seen = evidence.got
    if sentence := complaint(default, (1,), torch.float32, "Discriminator() on (1, 3, 64, 64)"):
        return sentence
    if sentence := other_width(counts, "Discriminator()", "Discriminator(base=64)"):
        return sentence
    if not strided:
        return "the discriminator has no nn.Conv2d with a stride among its modules"
    if not (lowest < -1 and highest > 1):
        return f"logits should have no bounds; with large weights they only go from {lowest:.3g} to {highest:.3g}"
    return by_itself(seen)


@check("values", points=10, part="Discriminator", judged_by=unbounded)
def returns_logits(solution, make):
    """Strided convolutions and no sigmoid; in evaluation each logit depends on its own image alone."""
    net, x = solution.Discriminator().to(make.device, make.dtype).eval(), images(make, 1, 3)
    with torch.no_grad():
        default, counts = looked_at(net(x), x), (count_of(net), count_of(solution.Discriminator(base=64)))
        net = solution.Discriminator(1, 2)
        drawn = torch.cat([with_weights(net, make, gain=6.0)(images(make, 2)).flatten() for _ in range(24)])
    net = discriminator_for(solution, make)
    seen = company(net, images(make, 4), images(make, 3))
    return default, counts, has(net, nn.Conv2d, strided=True), drawn.min().item(), drawn.max().item(), seen


def sees_everything(evidence):
    found, corners = evidence.got
    if sentence := reached(found, "the discriminator"):
        return sentence
    if not all(corner > 0 for corner in corners):
        return "the logit should depend on the whole image, but there are corners that do not matter"
    return None


@check("gradient", points=5, part="Discriminator", judged_by=sees_everything)
def trains_the_whole_discriminator(solution, make):
    """Gradients reach every parameter and all parts of the image."""
    net, x = discriminator_for(solution, make, channels=2).train(), images(make, 4, 2).requires_grad_()
    logits = net(x)
    (logits * make.normal(*logits.shape)).sum().backward()
    found = sizes_of_gradients(net, input=x)
    # In evaluation: in training a batch norm ties each logit to all of the image, whatever the rest looks at.
    x = x.detach().requires_grad_()
    net.eval()(x).sum().backward()
    slope = torch.zeros_like(x) if x.grad is None else x.grad.abs()
    ends = slice(None, 8), slice(-8, None)
    return found, [slope[:, :, rows, columns].max().item() for rows in ends for columns in ends]


def smooth_and_shuffled(make):
    """Images of smooth waves (label 1), and with shuffled pixels (0); the labels of the second half are hidden."""
    count = 128
    axis = torch.arange(SIZE) * (2 * math.pi / SIZE)
    across, down = make.integers(1, 4, count, 1, 1), make.integers(1, 4, count, 1, 1)
    x = torch.sin(across * axis + down * axis[:, None] + make.uniform(count, 1, 1, high=2 * math.pi))
    label = make.permutation(count) % 2
    shuffled = x.flatten(1)[:, make.permutation(SIZE * SIZE)].view_as(x)
    x = (0.8 * torch.where(label[:, None, None] == 1, x, shuffled))[:, None]
    return {"x": x[:64], "y": label[:64], "x_new": x[64:]}, label[64:]


@check("convergence", points=7, part="Discriminator", task=smooth_and_shuffled, judged_by=at_least(0.85, "accuracy"))
def learns_to_tell(solution, make, given):
    """40 steps of Adam on one batch: smooth images are told from shuffled ones, new ones too."""
    net = solution.Discriminator(1, 4).to(make.device).train()

    def loss(step):
        x, y = batch_of(given, 0, len(given["x"]))
        return F.binary_cross_entropy_with_logits(net(x), y.to(x.dtype))

    curve = minimise(loss, net.parameters(), 40, lr=2e-3)
    with torch.no_grad():
        return (net(given["x_new"]) > 0).long(), curve


# -------------------------------------------------------------------------------------------------- init_weights

CONVOLUTIONS = {
    "Conv1d": lambda: nn.Conv1d(40, 50, 3),
    "Conv2d": lambda: nn.Conv2d(20, 30, 4),
    "Conv3d": lambda: nn.Conv3d(10, 12, 4),
    "ConvTranspose1d": lambda: nn.ConvTranspose1d(40, 50, 3),
    "ConvTranspose2d": lambda: nn.ConvTranspose2d(20, 30, 4),
    "ConvTranspose3d": lambda: nn.ConvTranspose3d(10, 12, 4),
}
NORMS = {
    "BatchNorm1d": lambda: nn.BatchNorm1d(4000),
    "BatchNorm2d": lambda: nn.BatchNorm2d(4000),
    "BatchNorm3d": lambda: nn.BatchNorm3d(4000),
}


def drawn_anew(evidence):
    for name, (weight, bias, again) in evidence.got.items():
        mean = 1.0 if name in NORMS else 0.0
        if bool((bias != 0).any()):
            return f"{name}: the bias should be 0"
        if sentence := moments(weight, mean, 0.02, f"{name}'s weights"):
            return sentence
        fourth = float(((weight.double() - mean) / 0.02).pow(4).mean())
        if abs(fourth - 3) > 6 * math.sqrt(96 / weight.numel()):
            return f"{name}: the weights are not normal, their fourth moment is {fourth:.2f} instead of 3"
        if torch.equal(weight, again):
            return f"{name}: a second call drew the same weights"
    return None


@check("values", points=12, part="init_weights", judged_by=drawn_anew)
def draws_the_weights(solution, make):
    """N(0, 0.02) for convolutions of all kinds, N(1, 0.02) for batch norm, biases 0."""
    drawn = {}
    for name, build in {**CONVOLUTIONS, **NORMS}.items():
        net = nn.Sequential(build(), build()).to(make.device, make.dtype)
        with torch.no_grad():
            for layer in net:
                layer.bias.fill_(0.5)
        net.apply(solution.init_weights)
        drawn[name] = net[0].weight, net[0].bias, net[1].weight
    return drawn


class ConvBlock(nn.Module):
    """Called like a convolution without being one."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(2, 3, 1)
        self.bias = nn.Parameter(torch.ones(3))


class BatchNormFree(nn.Module):
    """Called like a batch norm without being one."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(2, 3, 1)
        self.weight = nn.Parameter(torch.ones(3))


@check("values", points=8, tag="edge", part="init_weights")
def leaves_the_rest_alone(solution, make):
    """Other modules, running statistics and flags stay; what has no weight or bias is skipped."""

    def after(*layers):
        """The biases of one convolution beside the layers, and how everything of the layers changes."""
        net = nn.Sequential(nn.Conv2d(2, 3, 1), *layers).to(make.device, make.dtype)
        with torch.no_grad():
            for tensor in net.state_dict().values():
                if tensor.is_floating_point():
                    tensor.copy_(make.uniform(*tensor.shape, low=0.5))
        held = [tensor for layer in layers for tensor in layer.state_dict().values() if tensor.is_floating_point()]
        return changes(lambda: net.apply(solution.init_weights), *held), net[0].bias

    def named_like_it(kind, name):
        net = kind().to(make.device, make.dtype)
        return changes(lambda: net.apply(solution.init_weights), getattr(net, name)), net.conv.bias

    def missing():
        net = nn.Sequential(
            nn.Conv2d(2, 3, 1, bias=False), nn.BatchNorm2d(3, affine=False), nn.ConvTranspose2d(3, 2, 1), nn.ReLU()
        ).to(make.device, make.dtype)
        net.apply(solution.init_weights)
        return [(getattr(layer, "weight", None) is None, getattr(layer, "bias", None)) for layer in net]

    def statistics():
        net = nn.BatchNorm2d(3).to(make.device, make.dtype)
        net.train()(make.normal(4, 3, 2, 2))
        with torch.no_grad():
            net.bias.fill_(1.0)
        return changes(lambda: net.apply(solution.init_weights), net.running_mean, net.running_var), net.bias

    def in_place():
        net = nn.Sequential(nn.Conv2d(2, 3, 1), nn.BatchNorm2d(3)).to(make.device, make.dtype)
        for frozen in (net[0].weight, net[1].bias):
            frozen.requires_grad_(False)
        before = list(net.parameters())
        net.apply(solution.init_weights)
        same = [old is new for old, new in zip(before, net.parameters(), strict=True)]
        return same, [parameter.requires_grad for parameter in net.parameters()], net[0].bias

    return {
        "Linear": lambda: after(nn.Linear(4, 3)),
        "other norms": lambda: after(nn.LayerNorm(3), nn.GroupNorm(1, 4), nn.InstanceNorm2d(3, affine=True)),
        "Embedding, PReLU, LSTM": lambda: after(nn.Embedding(3, 2), nn.PReLU(2), nn.LSTM(2, 3)),
        "a class called ConvBlock": lambda: named_like_it(ConvBlock, "bias"),
        "a class called BatchNormFree": lambda: named_like_it(BatchNormFree, "weight"),
        "no bias, no weight": missing,
        "running statistics": statistics,
        "in place": in_place,
    }


# -------------------------------------------------------------------------------------------------------- losses


@check("values", points=6, part="losses", reals=some.integers(1, 5), fakes=some.integers(1, 5))
def adds_up_both_losses(solution, make, reals, fakes):
    """Both losses, with as many real as fake or not."""

    def discriminator(dtype=None):
        # Often on the wrong side: a loss near 0 is rounding in some right ways of computing it.
        real = make.normal(reals, mean=-1.5, std=1.5, dtype=dtype)
        return solution.discriminator_loss(real, make.normal(fakes, mean=1.5, std=1.5, dtype=dtype))

    def generator(dtype=None):
        return solution.generator_loss(make.normal(fakes, mean=-1.5, std=1.5, dtype=dtype))

    return {
        "discriminator": discriminator,
        "generator": generator,
        "discriminator, float64": lambda: discriminator(torch.float64),
        "generator, float64": lambda: generator(torch.float64),
    }


def slopes(solution, real, fake):
    """Both losses with their gradients, and how the logits themselves changed."""
    before = real.detach().clone(), fake.detach().clone()
    loss = solution.discriminator_loss(real, fake)
    loss.backward()
    found = {"loss": loss, **gradients(real=real, fake=fake)}
    found["changed"] = [real.detach() - before[0], fake.detach() - before[1]]
    return found


def slope(solution, fake):
    before = fake.detach().clone()
    loss = solution.generator_loss(fake)
    loss.backward()
    return {"loss": loss, "fake": fake.grad, "changed": fake.detach() - before}


@check("gradient", points=7, part="losses", reals=some.integers(1, 4), fakes=some.integers(1, 4), examples=6)
def lets_both_players_learn(solution, make, reals, fakes):
    """Gradients of the logits below both losses."""

    def logits(count, mean):
        return make.normal(count, mean=mean, std=1.5, requires_grad=True)

    return {
        "discriminator": lambda: slopes(solution, logits(reals, -1.0), logits(fakes, 1.0)),
        "generator": lambda: slope(solution, logits(fakes, -1.0)),
    }


@check("gradient", points=7, tag="edge", part="losses")
def stays_stable(solution, make):
    """Logits of 1000 and -1000, on the right and on the wrong side: finite losses, right gradients."""

    def logits(*values):
        return make.tensor(values, requires_grad=True)

    return {
        "discriminator, right": lambda: slopes(solution, logits(1000.0, 0.5), logits(-1000.0, -120.0, 0.2)),
        "discriminator, wrong": lambda: slopes(solution, logits(-1000.0, -120.0, 0.5), logits(1000.0, 0.2)),
        "generator": lambda: slope(solution, logits(1000.0, -1000.0, -120.0, 0.5)),
    }
