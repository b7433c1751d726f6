"""What 01-vanishing-exploding-gradients is judged on."""

import math

import torch
from hypothesis import strategies as some
from torch import nn

from judge.checks import at_most, check

SHAPES = [(), (3,), (2, 4), (5, 1, 2)]
NORM_TYPES = some.sampled_from([2.0, 1.0, 3.0, math.inf])
SIZES = some.lists(some.sampled_from([1, 3, 8]), min_size=2, max_size=5)


def parameters_with_gradients(make, count, scale=1.0, without=()):
    """`count` parameters; those whose index is in `without` have no gradient."""
    parameters = [nn.Parameter(make.normal(*SHAPES[index % len(SHAPES)])) for index in range(count)]
    for index, parameter in enumerate(parameters):
        gradient = make.normal(*parameter.shape, std=scale)
        parameter.grad = None if index in without else gradient
    return parameters


@check("shape", points=10, part="deep_relu_mlp", sizes=SIZES)
def builds_the_layers(solution, make, sizes):
    """Linear and ReLU in turn, no ReLU last, zero biases."""
    net = solution.deep_relu_mlp(sizes).to(make.device, make.dtype)

    def kind(layer):
        return next((name for name in ("Linear", "ReLU") if isinstance(layer, getattr(nn, name))), type(layer).__name__)

    return {
        "layers": lambda: [isinstance(net, nn.Sequential), [kind(layer) for layer in net]],
        "biases": lambda: [layer.bias for layer in net if isinstance(layer, nn.Linear)],
        "output": lambda: net(make.normal(2, sizes[0])).shape,
    }


@check("values", points=20, part="global_grad_norm", count=some.integers(1, 6), norm_type=NORM_TYPES)
def measures_all_gradients_together(solution, make, count, norm_type):
    """One norm over all entries: from a list, a generator, one tensor, with None."""
    norm = solution.global_grad_norm

    def some_without():
        return norm(parameters_with_gradients(make, count + 1, without=(0, 2)), norm_type)

    def only_looks():
        parameters = parameters_with_gradients(make, count)
        norm(parameters, norm_type)
        return [parameter.grad for parameter in parameters]

    return {
        "list": lambda: norm(parameters_with_gradients(make, count), norm_type),
        "generator": lambda: norm((p for p in parameters_with_gradients(make, count)), norm_type),
        "one tensor": lambda: norm(parameters_with_gradients(make, 3)[2], norm_type),
        "some without gradient": some_without,
        "gradients unchanged": only_looks,
    }


@check("values", points=5, tag="edge", part="global_grad_norm")
def counts_nothing_as_zero(solution, make):
    """Norm 0, as a 0-dim tensor, where nothing has a gradient; 2 is the default."""

    def of(parameters, *arguments, function=solution.global_grad_norm):
        norm = function(parameters, *arguments)
        return norm.shape, norm.item()

    return {
        "empty": lambda: of([]),
        "all None": lambda: of(parameters_with_gradients(make, 3, without=(0, 1, 2))),
        "all None, one tensor": lambda: of(nn.Parameter(make.normal(3, 2))),
        "all None, infinity": lambda: of(parameters_with_gradients(make, 1, without=(0,)), math.inf),
        "clipped, empty": lambda: of([], 1.0, function=solution.clip_grad_norm),
        "clipped, all None": lambda: of(
            parameters_with_gradients(make, 2, without=(0, 1)), 1.0, function=solution.clip_grad_norm
        ),
        "zeros": lambda: solution.global_grad_norm(parameters_with_gradients(make, 3, scale=0.0)),
        "default": lambda: solution.global_grad_norm(parameters_with_gradients(make, 4)),
        "float64": lambda: solution.global_grad_norm(doubles(make)),
    }


def doubles(make):
    parameter = nn.Parameter(make.normal(3, 4, dtype=torch.float64))
    parameter.grad = make.normal(3, 4, dtype=torch.float64)
    return [parameter]


def clipped(solution, make, parameters, *arguments, of=None):
    """The returned norm, what happened to the parameters and gradients, and the gradient tensors held from before."""
    values, held = [p.detach().clone() for p in parameters], [p.grad for p in parameters]
    norm = solution.clip_grad_norm(parameters if of is None else of(parameters), *arguments)
    return {
        "norm": norm,
        "gradients": [p.grad for p in parameters],
        "held": held,
        "moved": [p.detach() - value for p, value in zip(parameters, values, strict=True)],
    }


@check(
    "gradient",
    points=25,
    part="clip_grad_norm",
    count=some.integers(1, 6),
    max_norm=some.sampled_from([0.5, 0.01, 0.0, 20.0]),
    norm_type=NORM_TYPES,
)
def clips_in_place(solution, make, count, max_norm, norm_type):
    """Gradients after clipping, in place; the norm before clipping is returned."""

    def run(without=(), of=None, size=count):
        parameters = parameters_with_gradients(make, size, scale=2.0, without=without)
        return clipped(solution, make, parameters, max_norm, norm_type, of=of)

    return {
        "list": run,
        "generator": lambda: run(of=lambda parameters: (p for p in parameters)),
        "one tensor": lambda: clipped(
            solution,
            make,
            parameters_with_gradients(make, 3)[2:],
            max_norm,
            norm_type,
            of=lambda parameters: parameters[0],
        ),
        "some without gradient": lambda: run(without=(0, 3), size=count + 1),
    }


@check("gradient", points=10, tag="edge", part="clip_grad_norm")
def leaves_small_gradients_alone(solution, make):
    """Never scaled up; zero and tiny gradients; float64; norm_type 2 by default."""

    def run(scale, *arguments):
        return clipped(solution, make, parameters_with_gradients(make, 4, scale=scale), *arguments)

    return {
        "below the limit": lambda: run(0.01, 10.0),
        "far below, infinity": lambda: run(1e-4, 1.0, math.inf),
        "zeros": lambda: run(0.0, 1.0),
        "tiny": lambda: run(1e-6, 1e-6),
        "default": lambda: run(3.0, 1.0),
        "float64": lambda: clipped(solution, make, doubles(make), 0.5),
    }


WIDE = [200, 400, 300, 100]


def variance_two_over_fan_in(evidence):
    got = evidence.got
    if not isinstance(got, list) or [tuple(weight.shape) for weight in got] != list(zip(WIDE[1:], WIDE, strict=False)):
        return f"deep_relu_mlp({WIDE}) should have weights of shapes {list(zip(WIDE[1:], WIDE, strict=False))}"
    for index, weight in enumerate(got):
        weight, fan_in = weight.double(), weight.shape[1]
        variance, mean = float(weight.square().mean()), float(weight.mean())
        if not abs(variance * fan_in / 2 - 1) < 0.15:
            return f"Linear layer {index}: the variance is {variance * fan_in:.3g} / fan_in, expected 2 / fan_in"
        if not abs(mean) < 6 * math.sqrt(2 / fan_in / weight.numel()):
            return f"Linear layer {index}: the weights' mean is {mean:.3g}, expected 0"
    return None


@check("values", points=10, part="deep_relu_mlp", judged_by=variance_two_over_fan_in)
def draws_with_the_right_variance(solution, make):
    """Weights of mean 0 and variance 2 / fan_in in every layer."""
    return [layer.weight for layer in solution.deep_relu_mlp(WIDE) if isinstance(layer, nn.Linear)]


def stays_within_ten(evidence):
    got = evidence.got
    if not isinstance(got, torch.Tensor) or got.shape != (5, 2, 2):
        return "the network does not have 50 Linear layers"
    ratios = (got[:, :, 1] / got[:, :, 0]).double().median(0).values  # last hidden layer / first hidden layer
    for what, ratio in zip(("pre-activations", "gradients"), ratios.tolist(), strict=True):
        if not 0.1 < ratio < 10:
            return f"RMS of the {what}, last hidden layer / first: {ratio:.3g}, should be between 0.1 and 10"
    return None


@check("values", points=5, part="deep_relu_mlp", judged_by=stays_within_ten)
def keeps_the_signal_through_50_layers(solution, make):
    """50 layers of width 256: first and last hidden layer within a factor of 10."""

    def one_draw():
        net = solution.deep_relu_mlp([256] * 50 + [1]).to(make.device, make.dtype)
        hidden, forward, backward = make.normal(32, 256), [], []
        for layer in net:
            hidden = layer(hidden)
            if isinstance(layer, nn.Linear):
                forward.append(hidden.detach().square().mean().sqrt())
                # Registered now: a ReLU that works in place would change what a later look at `hidden` finds.
                hidden.register_hook(lambda grad: backward.insert(0, grad.square().mean().sqrt()))
        hidden.sum().backward()
        return torch.stack([forward[0], forward[48], backward[0], backward[48]]).reshape(2, 2)

    return torch.stack([one_draw() for _ in range(5)])  # (draw, pre-activations or gradients, first or last)


@check(
    "values",
    points=10,
    part="diagnose",
    norms=some.lists(some.sampled_from([1.0, 0.0, 1e-7, 1e-3, 0.4, 30.0, 2e4]), min_size=1, max_size=4),
    examples=40,
)
def tells_what_is_wrong(solution, make, norms):
    """Vanishing, exploding or healthy: the edges and what is not finite, too."""
    diagnose = solution.diagnose
    return {
        "drawn": lambda: diagnose(norms),
        "infinite in the middle": lambda: diagnose([1.0, math.inf, 1.0]),
        "infinite last": lambda: diagnose([1.0, math.inf]),
        "not a number": lambda: diagnose([1.0, math.nan, 1.0]),
        "all zero": lambda: diagnose([0.0, 0.0]),
        "only the last is zero": lambda: diagnose([1e-9, 0.0]),
        "only the first is zero": lambda: diagnose([0.0, 1e-9]),
        "only the middle is large": lambda: diagnose([1.0, 1e9, 1e-9, 2.0]),
        "just healthy": lambda: [diagnose([999.0, 1.0]), diagnose([1.0, 999.0])],
        "just not healthy": lambda: [diagnose([1001.0, 1.0]), diagnose([1.0, 1001.0])],
    }


def a_linear_function(make):
    """A linear function of 8 features; `given` has targets for the first 512 rows only."""
    x, weights = make.normal(768, 8), make.normal(8)
    y = x @ weights / weights.norm()
    return {"x": x[:512], "y": y[:512], "x_new": x[512:]}, y[512:]


def unexplained(predictions, targets):
    if not isinstance(predictions, torch.Tensor) or predictions.shape != targets.shape:
        return f"the network does not map (256, 8) to {tuple(targets.shape)} predictions"
    return float((predictions.double() - targets).square().mean() / targets.double().var())


@check("convergence", points=5, task=a_linear_function, judged_by=at_most(0.5, unexplained, "unexplained variance"))
def trains_40_layers(solution, make, given):
    """A 40-layer network learns a small regression in 100 clipped steps."""
    net = solution.deep_relu_mlp([8] + [64] * 39 + [1]).to(make.device)
    optimizer, curve = torch.optim.Adam(net.parameters(), lr=1e-3), []
    for step in range(100):
        rows = torch.arange(step * 32, (step + 1) * 32, device=make.device) % 512
        loss = (net(given["x"][rows]).squeeze(1) - given["y"][rows]).square().mean()
        optimizer.zero_grad()
        loss.backward()
        solution.clip_grad_norm(net.parameters(), 1.0)
        optimizer.step()
        curve.append(loss.item())
    with torch.no_grad():
        return net(given["x_new"]).squeeze(1), curve
