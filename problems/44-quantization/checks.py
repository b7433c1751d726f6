"""What 44-quantization is judged on."""

import torch
from hypothesis import strategies as some
from torch import nn

from judge.checks import Ruling, changes, check, gradients, minimise, names_and_shapes, state

BITS = some.sampled_from([8, 4, 3, 2])


def rows_on_a_grid(make, channels, count, num_bits, symmetric, ties=False):
    """(channels, count) numbers whose codes cannot be in doubt, in float64: exactly scale * (level + a fraction).

    The scale is a power of two and the extremes are there, so all divisions are exact; the fractions are 0 and a
    quarter, with `ties` also a half. count is at least 2.
    """
    scale = 2.0 ** make.integers(-3, 2, channels, 1).double()
    fractions = make.tensor([0.0, 0.25, -0.25, 0.5] if ties else [0.0, 0.25, -0.25], dtype=torch.float64)
    if symmetric:
        highest = 2 ** (num_bits - 1) - 1
        lowest, zero, shift = -highest, 0, 0.0
    else:
        lowest, highest = 0, 2**num_bits - 1
        zero = make.integers(1, highest, channels, 1)
        shift = make.integers(-1, 2, channels, 1) / (2.0 if ties else 4.0)  # of the zero point, before it is rounded
    levels = make.integers(lowest, highest + 1, channels, count) - zero
    steps = levels.double() + fractions[make.integers(0, len(fractions), channels, count)]
    least, most = lowest - zero - shift, highest - zero - shift
    ends = torch.zeros_like(steps[:, :1])
    steps = torch.minimum(torch.maximum(steps, ends + least), ends + most)
    steps[:, :1], steps[:, -1:] = least, most
    return scale * steps


def on_a_grid(make, count, num_bits, symmetric, dtype=None, ties=False):
    row = rows_on_a_grid(make, 1, count, num_bits, symmetric, ties)[0]
    return row[make.permutation(count)].to(dtype or make.dtype)


@check("values", points=15, part="quantize", num_bits=BITS, symmetric=some.booleans(), count=some.integers(2, 8))
def finds_scale_and_codes(solution, make, num_bits, symmetric, count):
    """Codes, scale and zero point; positive and negative numbers only; half to even."""

    def run(x):
        return solution.quantize(x, num_bits, symmetric)

    def one_sided(sign):
        highest = 2 ** (num_bits - symmetric) - 1
        levels = make.integers((highest + 1) // 2, highest + 1, count)
        levels[-1] = highest
        return run(sign * 0.25 * levels.to(make.dtype))

    return {
        "drawn": lambda: run(on_a_grid(make, count, num_bits, symmetric)),
        "default": lambda: solution.quantize(on_a_grid(make, count, 8, False)),
        "two dimensions": lambda: run(on_a_grid(make, 2 * count, num_bits, symmetric).view(2, count)),
        "positive only": lambda: one_sided(1),
        "negative only": lambda: one_sided(-1),
        "float64, ties": lambda: run(on_a_grid(make, count, num_bits, symmetric, torch.float64, ties=True)),
    }


@check(
    "values",
    points=15,
    part="quantize",
    num_bits=BITS,
    symmetric=some.booleans(),
    channels=some.integers(1, 3),
    count=some.integers(2, 6),
)
def scales_each_channel(solution, make, num_bits, symmetric, channels, count):
    """Along an axis, the first, a middle or the last, also counted from the end."""

    def run(axis, *shape, place):
        rows = rows_on_a_grid(make, channels, count * 2, num_bits, symmetric).to(make.dtype)
        x = rows.reshape(channels, *shape).movedim(0, place)
        return solution.quantize(x, num_bits, symmetric, axis)

    def one_number_a_channel():
        x = make.tensor([0.5, -1.0, 2.0])
        return solution.quantize(x, num_bits, symmetric, axis=0)

    return {
        "axis 0": lambda: run(0, count * 2, place=0),
        "axis 1": lambda: run(1, count, 2, place=1),
        "axis 2": lambda: run(2, 2, count, place=2),
        "axis -1": lambda: run(-1, count, 2, place=2),
        "axis -3": lambda: run(-3, 2, count, place=0),
        "one number a channel": one_number_a_channel,
    }


def within_half_a_step(evidence):
    x, codes, scale, zero_point, back, zero = evidence.got
    wanted = evidence.expected
    for name, got, right in zip(
        ("codes", "scale", "zero_point", "x again"), evidence.got[1:], wanted[1:], strict=False
    ):
        if not isinstance(got, torch.Tensor) or got.shape != right.shape or got.dtype != right.dtype:
            return f"{name} should be a tensor of shape {tuple(right.shape)} and dtype {right.dtype}"
    if not float(abs(scale - wanted[2])) <= 1e-5 * float(wanted[2]):
        return f"the scale is {float(scale):.6g}, expected {float(wanted[2]):.6g}"
    if abs(int(zero_point) - int(wanted[3])) > 1:
        return f"the zero point is {int(zero_point)}, expected {int(wanted[3])}"
    off = (codes.long() - wanted[1].long()).abs().max()
    if off > 1:
        return f"a code is off by {int(off)}"
    if evidence.arguments["symmetric"]:
        highest = 2 ** (evidence.arguments["num_bits"] - 1) - 1
        lowest = -highest
    else:
        lowest, highest = 0, 2 ** evidence.arguments["num_bits"] - 1
    if int(codes.min()) < lowest or int(codes.max()) > highest:
        return f"codes go from {int(codes.min())} to {int(codes.max())}, outside {lowest} to {highest}"
    steps = float((back.double() - x.double()).abs().max() / scale.double())
    if not steps <= 0.52:
        return f"quantized and dequantized, a number is off by {steps:.3g} of the scale; expected at most 0.5"
    if float(zero) != 0:
        return f"0 comes back as {float(zero):.3g}; it should be exact"
    return None


@check(
    "values",
    points=10,
    judged_by=within_half_a_step,
    num_bits=some.sampled_from([8, 4, 2, 16]),
    symmetric=some.booleans(),
    count=some.integers(1, 40),
)
def comes_back_within_half_a_step(solution, make, num_bits, symmetric, count):
    """Any numbers: off by half of the scale at most once dequantized, and 0 stays exactly 0."""
    x = torch.cat([make.normal(count, mean=0.5), make.tensor([0.0])])
    codes, scale, zero_point = solution.quantize(x, num_bits, symmetric)
    back = solution.dequantize(codes, scale, zero_point)
    return x, codes, scale, zero_point, back, back[-1]


@check("values", points=10, part="dequantize", channels=some.integers(1, 3), count=some.integers(1, 4))
def dequantizes(solution, make, channels, count):
    """scale * (codes - zero_point), for the whole tensor and along an axis; the scale's dtype."""
    dequantize = solution.dequantize

    def whole(dtype=None):
        codes, zero_point = make.integers(0, 256, channels, count).int(), make.integers(0, 256).int()
        return dequantize(codes, make.uniform(low=0.1, dtype=dtype), zero_point)

    def along(axis, place):
        codes = make.integers(-127, 128, channels, count, 2).movedim(0, place).int()
        return dequantize(codes, make.uniform(channels, low=0.1), make.integers(0, 9, channels).int(), axis)

    return {
        "whole": whole,
        "float64": lambda: whole(torch.float64),
        "axis 0": lambda: along(0, 0),
        "axis 1": lambda: along(1, 1),
        "axis -1": lambda: along(-1, 2),
        "axis -2": lambda: along(-2, 1),
    }


@check("values", points=7, part="quantize", tag="edge")
def survives_constant_tensors(solution, make):
    """Zeros, constants, tiny numbers, scales that underflow, single numbers, a channel of zeros; x unchanged."""
    quantize = solution.quantize

    def of(data, *arguments, dtype=None):
        return quantize(make.tensor(torch.tensor(data, dtype=torch.float64), dtype=dtype), *arguments)

    def unchanged():
        x = make.normal(3, 4)
        return changes(lambda: [quantize(x), quantize(x, 4, True), quantize(x, 8, False, 1)], x)

    return {
        "zeros": lambda: of([0.0] * 4),
        "zeros, symmetric": lambda: of([[0.0, 0.0]], 8, True),
        "positive constant": lambda: of([0.5] * 3),
        "negative constant": lambda: of([-3.0] * 3, 4),
        "constant, symmetric": lambda: of([-3.0] * 3, 4, True),
        "underflow": lambda: of([5e-324, 0.0], 8, False, dtype=torch.float64),
        "underflow, symmetric": lambda: of([5e-324, -5e-324], 8, True, dtype=torch.float64),
        "tiny numbers": lambda: of([step * 2.0**-40 for step in (-5.0, 10.0, 3.25, -1.75)], 4),
        "one number": lambda: of(2.0),
        "a channel of zeros": lambda: of([[0.0, 0.0, 0.0], [7.5, 0.0, -7.5]], 4, False, 0),
        "a channel of zeros, symmetric": lambda: of([[0.0, 3.5], [0.0, -1.25], [0.0, 7.0]], 4, True, -1),
        "large": lambda: of([3e30, 0.0, 1e30], 8, False, dtype=torch.float64),
        "unchanged": unchanged,
    }


@check("values", points=8, part="fake_quantize", num_bits=BITS, symmetric=some.booleans(), count=some.integers(2, 8))
def rounds_to_the_grid(solution, make, num_bits, symmetric, count):
    """fake_quantize gives what quantize and dequantize give; x unchanged."""

    def unchanged():
        x = make.normal(5)
        return changes(lambda: solution.fake_quantize(x), x)

    return {
        "drawn": lambda: solution.fake_quantize(on_a_grid(make, count, num_bits, symmetric), num_bits, symmetric),
        "default": lambda: solution.fake_quantize(on_a_grid(make, 2 * count, 8, False).view(count, 2)),
        "float64, ties": lambda: solution.fake_quantize(
            on_a_grid(make, count, num_bits, symmetric, torch.float64, ties=True), num_bits, symmetric
        ),
        "zeros": lambda: solution.fake_quantize(torch.zeros_like(make.normal(3)), num_bits, symmetric),
        "unchanged": unchanged,
    }


@check("gradient", points=10, part="fake_quantize", num_bits=BITS, symmetric=some.booleans(), count=some.integers(1, 8))
def lets_gradients_through(solution, make, num_bits, symmetric, count):
    """The gradient passes fake_quantize as if it were not there, for the extremes too."""

    def through(x, *arguments):
        (solution.fake_quantize(x, *arguments) * make.normal(*x.shape)).sum().backward()
        return gradients(x=x)

    def through_a_layer():
        weight, x = make.normal(3, 4, requires_grad=True), make.normal(count, 4)
        out = nn.functional.linear(x, solution.fake_quantize(weight, num_bits, symmetric))
        (out * make.normal(count, 3)).sum().backward()
        return gradients(weight=weight)

    return {
        "drawn": lambda: through(make.normal(count, requires_grad=True), num_bits, symmetric),
        "default": lambda: through(make.normal(count, 2, requires_grad=True)),
        "zeros": lambda: through(torch.zeros_like(make.normal(3)).requires_grad_(), num_bits, symmetric),
        "weights of a layer": through_a_layer,
    }


def linear_of(make, inputs, outputs, num_bits=8, bias=True, dtype=None, ties=False):
    """A layer whose weights lie on a grid of each output's own; at least two inputs."""
    linear = nn.Linear(inputs, outputs, bias=bias).to(make.device, dtype or make.dtype)
    with torch.no_grad():
        linear.weight.copy_(rows_on_a_grid(make, outputs, inputs, num_bits, True, ties))
        if bias:
            linear.bias.copy_(make.normal(outputs))
    return linear


@check(
    "shape",
    points=10,
    part="QuantizedLinear",
    inputs=some.integers(2, 6),
    outputs=some.integers(1, 5),
    bias=some.booleans(),
)
def keeps_small_weights(solution, make, inputs, outputs, bias):
    """Buffers weight_q, scale and bias, their shapes, dtypes and bytes; no parameters; shape of the output."""

    def layer(dtype=None):
        return solution.QuantizedLinear.from_float(linear_of(make, inputs, outputs, bias=bias, dtype=dtype))

    def bytes_of(tensors):
        return {name: tensor.numel() * tensor.element_size() for name, tensor in tensors.items()}

    return {
        "names": lambda: names_and_shapes(layer()),
        "parameters": lambda: [name for name, _ in layer().named_parameters()],
        "bytes": lambda: bytes_of(state(layer(torch.float32))),
        "is a module": lambda: [isinstance(layer(), nn.Module), isinstance(layer(), solution.QuantizedLinear)],
        "output": lambda: [layer()(make.normal(*shape, inputs)).shape for shape in ((), (4,), (2, 3))],
    }


@check(
    "values",
    points=10,
    part="QuantizedLinear",
    inputs=some.integers(2, 6),
    outputs=some.integers(1, 4),
    num_bits=BITS,
    bias=some.booleans(),
)
def computes_with_quantized_weights(solution, make, inputs, outputs, num_bits, bias):
    """weight_q, scale and bias, and the output; the float layer unchanged; a loaded state counts."""
    from_float = solution.QuantizedLinear.from_float

    def drawn(dtype=None, ties=False):
        linear = linear_of(make, inputs, outputs, num_bits, bias, dtype, ties)
        layer = from_float(linear, num_bits)
        return {"state": state(layer), "out": layer(make.normal(3, inputs, dtype=dtype))}

    def default():
        layer, x = from_float(linear_of(make, inputs, outputs, 8, bias)), make.normal(2, 3, inputs)
        return {"state": state(layer), "out": layer(x)}

    def unchanged():
        linear, x = linear_of(make, inputs, outputs, num_bits, bias), make.normal(2, inputs)
        return changes(lambda: from_float(linear, num_bits)(x), x, *linear.parameters()), state(linear)

    def loaded():
        layer = from_float(linear_of(make, inputs, outputs, num_bits, bias), num_bits)
        other = from_float(linear_of(make, inputs, outputs, num_bits, bias), num_bits)
        layer.load_state_dict(other.state_dict())
        return layer(make.normal(2, inputs))

    def zero_row():
        linear = linear_of(make, inputs, outputs, num_bits, bias)
        with torch.no_grad():
            linear.weight[0] = 0
        layer = from_float(linear, num_bits)
        return {"state": state(layer), "out": layer(make.normal(2, inputs))}

    return {
        "drawn": drawn,
        "8 bits by default": default,
        "float64, ties": lambda: drawn(torch.float64, ties=True),
        "unchanged": unchanged,
        "loaded state": loaded,
        "output without weights": zero_row,
    }


def clusters(make):
    """Points around 8 centres in 12 dimensions, features on very different scales; the labels of 1024 are hidden."""
    centres, labels = 2.0 * make.normal(8, 12), make.integers(0, 8, 1536)
    x = (centres[labels] + make.normal(1536, 12)) * torch.logspace(-1, 1, 12)
    return {"x": x[:512], "y": labels[:512], "x_new": x[512:]}, labels[512:]


def loses_little(evidence):
    quantized, plain = evidence.got
    labels = evidence.hidden
    if not all(isinstance(part, torch.Tensor) and part.shape == labels.shape for part in (quantized, plain)):
        return f"the networks do not give {len(labels)} predictions"
    before, after = (float((part == labels).double().mean()) for part in (plain, quantized))
    agree = float((plain == quantized).double().mean())
    sentence = f"accuracy {after:.3f} with 8 bits, {before:.3f} in float (may lose 0.01); {agree:.3f} equal predictions"
    return Ruling(before > 0.8 and after >= before - 0.01 and agree > 0.97, sentence)


@check("convergence", points=5, part="QuantizedLinear", task=clusters, judged_by=loses_little)
def keeps_the_accuracy(solution, make, given):
    """A trained network, quantized to 8 bits: it loses less than 1 % accuracy and predicts nearly the same."""
    net = nn.Sequential(nn.Linear(12, 24), nn.ReLU(), nn.Linear(24, 24), nn.ReLU(), nn.Linear(24, 8)).to(make.device)
    minimise(
        lambda step: nn.functional.cross_entropy(net(given["x"]), given["y"]), net.parameters(), steps=150, lr=0.01
    )
    layers = [solution.QuantizedLinear.from_float(layer) if isinstance(layer, nn.Linear) else layer for layer in net]
    with torch.no_grad():
        return nn.Sequential(*layers)(given["x_new"]).argmax(1), net(given["x_new"]).argmax(1)
