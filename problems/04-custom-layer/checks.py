"""What 04-custom-layer is judged on."""

import copy
import math

import torch
from hypothesis import strategies as some

from judge.checks import (
    at_most,
    batch_of,
    changes,
    check,
    gradients,
    minimise,
    names_and_shapes,
    state,
    uniform_between,
)

SHAPES = some.lists(some.integers(1, 3), max_size=3)
BETAS = some.sampled_from([1.0, 0.5, 2, -1.5, 0.0])
SIZES = {"inputs": some.integers(1, 5), "outputs": some.integers(1, 5)}


def points(make, shape, dtype=None):
    """Numbers between -3 and 3, of which the first is 1: then the largest answer is never tiny."""
    x = make.uniform(*shape, low=-3, high=3, dtype=dtype)
    x.view(-1)[0] = 1
    return x.requires_grad_()


@check("values", points=15, shape=SHAPES, beta=BETAS)
def gates_its_input(solution, make, shape, beta):
    """swish: x sigmoid(beta x), for any shape and dtype; x unchanged."""
    x = points(make, shape)
    return {
        "unchanged input": lambda: changes(lambda: solution.swish(x, beta), x),
        "beta": lambda: solution.swish(x, beta),
        "by name": lambda: solution.swish(x, beta=beta),
        "default": lambda: solution.swish(x),
        "no gradient wanted": lambda: solution.swish(x.detach(), beta),
        "float64": lambda: solution.swish(points(make, shape, torch.float64), beta),
    }


@check("gradient", points=15, shape=SHAPES, beta=BETAS)
def has_the_right_slope(solution, make, shape, beta):
    """swish: the first derivative, times what comes in from above."""

    def slope(x, incoming, *beta):
        solution.swish(x, *beta).backward(incoming)
        return x.grad

    return {
        "beta": lambda: slope(points(make, shape), points(make, shape).detach(), beta),
        "default": lambda: slope(points(make, shape), points(make, shape).detach()),
        "incoming ones": lambda: slope(x := points(make, shape), torch.ones_like(x), beta),
        "float64": lambda: slope(points(make, shape, torch.float64), points(make, shape, torch.float64).detach(), beta),
    }


def twice(solution, x, beta, incoming, outer):
    """The second derivative, by x and by the gradient that comes in."""
    (first,) = torch.autograd.grad(solution.swish(x, beta), x, incoming, create_graph=True)
    return torch.autograd.grad(first, (x, incoming), outer, materialize_grads=True)  # allows for beta = 0


@check("gradient", points=15, shape=SHAPES, beta=some.sampled_from([1.0, 0.5, 2, -1.5]))
def bends_as_it_should(solution, make, shape, beta):
    """swish: the backward can be differentiated itself."""

    def run(dtype=None):
        x, incoming, outer = (points(make, shape, dtype) for _ in range(3))
        return twice(solution, x, beta, incoming, outer)

    def through_a_penalty():
        x = points(make, shape)
        (slope,) = torch.autograd.grad(solution.swish(x, beta).sum(), x, create_graph=True)
        slope.square().sum().backward()
        return x.grad

    return {"second derivative": run, "float64": lambda: run(torch.float64), "gradient penalty": through_a_penalty}


@check("gradient", points=10, tag="edge")
def stays_finite(solution, make):
    """swish and both derivatives at -10,000, 0 and 10,000."""

    def run(numbers, beta):
        def start():
            return make.tensor(numbers, requires_grad=True)

        x = start()
        value = solution.swish(x, beta)
        (first,) = torch.autograd.grad(value.sum(), x)
        incoming = torch.ones_like(x).requires_grad_()
        return {"value": value, "first": first, "second": twice(solution, start(), beta, incoming, torch.ones_like(x))}

    return {
        "large": lambda: run([1e4, 1.0, 100.0], 1.0),
        "very negative": lambda: run([-1e4, 1.0, -100.0], 1.0),
        "negative beta": lambda: run([-1e4, 1.0, 1e4], -2.0),
        "zero": lambda: run([0.0, 0.0], 1.0),
        "beta 0": lambda: run([1e4, 0.0, -1e4], 0.0),
    }


def nodes_of(result):
    """The autograd nodes between a result and its leaves: name, and whether it is a torch.autograd.Function."""
    found, waiting = {}, [result.grad_fn]
    while waiting:
        node = waiting.pop()
        if node is not None and node not in found:
            found[node] = (type(node).__name__, isinstance(node, torch.autograd.function.BackwardCFunction))
            waiting += [parent for parent, _ in node.next_functions]
    return sorted(found.values())


ARITHMETIC = ("Mul", "Sigmoid", "Exp", "Tanh", "Div", "Add", "Sub", "Neg", "Pow", "Reciprocal", "Where", "Silu", "Log")


def written_by_hand(evidence):
    got = evidence.got
    if not isinstance(got, list) or not all(isinstance(node, tuple) and len(node) == 2 for node in got):
        return "swish's result has no graph that leads to x"
    for name, _ in got:
        if str(name).startswith(ARITHMETIC):
            return f"autograd derives a part of swish by itself ({name}); all of it belongs into one Function"
    if not any(own is True for _, own in got):
        return "no torch.autograd.Function of your own lies between x and swish(x)"
    return None


@check("values", points=5, judged_by=written_by_hand)
def is_one_function(solution, make):
    """swish is one torch.autograd.Function; nothing in it is left to autograd."""
    return nodes_of(solution.swish(make.normal(3, requires_grad=True), 2.0))


@check("shape", points=5, **SIZES)
def maps_the_last_dimension(solution, make, inputs, outputs):
    """CustomLinear: keys, with and without bias; output for any leading dimensions, also none."""

    def layer(bias=True):
        return solution.CustomLinear(inputs, outputs, bias).to(make.device, make.dtype)

    return {
        "keys": lambda: names_and_shapes(layer()),
        "keys, bias=False": lambda: names_and_shapes(solution.CustomLinear(inputs, outputs, bias=False)),
        "parameters": lambda: sorted(name for name, _ in layer().named_parameters()),
        "bias is None": lambda: [layer(False).bias is None, layer(True).bias is None],
        "none": lambda: layer()(make.normal(inputs)).shape,
        "one": lambda: layer()(make.normal(3, inputs)).shape,
        "three": lambda: layer(False)(make.normal(2, 1, 3, inputs)).shape,
        "empty": lambda: layer()(make.normal(0, inputs)).shape,
    }


@check("values", points=10, **SIZES)
def multiplies_and_adds(solution, make, inputs, outputs):
    """CustomLinear: x W^T + b, for any leading dimensions and both dtypes; x unchanged."""

    def layer(bias=True):
        return make.filled(solution.CustomLinear(inputs, outputs, bias=bias))

    x = make.normal(2, 3, inputs)
    return {
        "unchanged input": lambda: changes(lambda: layer()(x), x),
        "plain": lambda: layer()(x),
        "bias=False": lambda: layer(False)(x),
        "one vector": lambda: layer()(x[0, 0]),
        "float64": lambda: layer().double()(x.double()),
    }


@check("gradient", points=5, **SIZES)
def learns_weight_and_bias(solution, make, inputs, outputs):
    """CustomLinear: gradients of x, weight and bias."""

    def run(bias, *leading):
        layer, x = make.filled(solution.CustomLinear(inputs, outputs, bias)), make.normal(*leading, inputs)
        out = layer(x.requires_grad_())
        (out * make.normal(*out.shape)).sum().backward()
        return gradients(layer, x=x)

    return {"plain": lambda: run(True, 2, 3), "bias=False": lambda: run(False, 2), "one vector": lambda: run(True)}


@check("values", points=5)
def keeps_its_parameters(solution, make):
    """CustomLinear: an optimizer changes its parameters, .to and deepcopy take them along."""

    def after_a_step():
        layer, x = make.filled(solution.CustomLinear(3, 2)), make.normal(4, 3)
        optimizer = torch.optim.SGD(layer.parameters(), lr=0.1)
        layer(x).square().sum().backward()
        optimizer.step()
        return state(layer), layer(x)

    def in_float64():
        layer = solution.CustomLinear(3, 2).to(make.device, torch.float64)
        return [torch.zeros_like(tensor) for _, tensor in sorted(layer.named_parameters())]

    def copied():
        layer, x = make.filled(solution.CustomLinear(3, 2)), make.normal(4, 3)
        other = copy.deepcopy(layer)
        with torch.no_grad():
            for parameter in layer.parameters():
                parameter.zero_()
        return layer(x), other(x)

    return {"optimizer": after_a_step, "to float64": in_float64, "deepcopy": copied}


WIDE, TALL = (1000, 20), (4, 3000)


def bounded_by_the_inputs(evidence):
    got, sizes = evidence.got, [WIDE, WIDE, TALL]
    shapes = [tuple(tuple(tensor.shape) for tensor in pair) for pair in got]
    if shapes != [((outputs, inputs), (outputs,)) for inputs, outputs in sizes]:
        return "CustomLinear should have a weight of shape (out, in) and a bias of shape (out,)"
    if any(bool((one == other).all()) for one, other in zip(got[0], got[1], strict=True)):
        return "two layers of one size got the same numbers; each draws its own"
    for (weight, bias), (inputs, _) in zip(got, sizes, strict=True):
        bound = 1 / math.sqrt(inputs)
        if complaint := uniform_between(weight, -bound, bound, f"the weights for {inputs} inputs"):
            return complaint
        if float(bias.abs().max()) > bound + 1e-6:
            return f"with {inputs} inputs the bias should stay between -{bound:.4g} and {bound:.4g}"
    return uniform_between(got[2][1], -0.5, 0.5, "the entries of the bias for 4 inputs")


@check("values", points=5, judged_by=bounded_by_the_inputs)
def draws_uniformly(solution, make):
    """CustomLinear: weight and bias are drawn between -1 / sqrt(in) and 1 / sqrt(in)."""
    layers = [solution.CustomLinear(*sizes).to(make.device, make.dtype) for sizes in (WIDE, WIDE, TALL)]
    return [(layer.weight, layer.bias) for layer in layers]


@check("values", points=5)
def shows_its_sizes(solution, make):
    """CustomLinear: repr shows in_features, out_features and bias."""

    def shown(wanted, *arguments):
        text = repr(solution.CustomLinear(*arguments))
        return wanted if wanted in text else text

    return {
        "with bias": lambda: shown("in_features=3, out_features=2, bias=True", 3, 2),
        "without bias": lambda: shown("in_features=5, out_features=7, bias=False", 5, 7, False),
    }


def waves(make):
    """A smooth function of 3 features; `given` has its values for the first 512 rows only."""
    x = make.uniform(768, 3, low=-2, high=2)
    y = torch.sin(2 * x[:, 0]) + x[:, 1] * x[:, 2] / 2
    return {"x": x[:512], "y": y[:512], "x_new": x[512:]}, y[512:]


def unexplained(predictions, targets):
    if not isinstance(predictions, torch.Tensor) or predictions.shape != targets.shape:
        return f"the network does not give predictions of shape {tuple(targets.shape)}"
    return float((predictions.double() - targets).square().mean() / targets.double().var())


@check("convergence", points=5, task=waves, judged_by=at_most(0.1, unexplained, "unexplained variance"))
def learns_a_function(solution, make, given):
    """A network of both learns a smooth function in 300 steps; error on inputs it never saw."""
    first, second = solution.CustomLinear(3, 48).to(make.device), solution.CustomLinear(48, 1).to(make.device)

    def network(x):
        return second(solution.swish(first(x), 1.5)).squeeze(-1)

    def loss(step):
        x, y = batch_of(given, step, 64)
        return (network(x) - y).square().mean()

    curve = minimise(loss, [*first.parameters(), *second.parameters()], 300, lr=0.02)
    with torch.no_grad():
        return network(given["x_new"]), curve
