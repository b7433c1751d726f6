"""What 23-cnn-from-scratch is judged on."""

import torch
from hypothesis import strategies as some
from torch import nn

from judge.checks import at_least, batch_of, changes, check, gradients, minimise


def sizes(low, high):
    """A size for both axes, or one for each."""
    return some.integers(low, high) | some.tuples(some.integers(low, high), some.integers(low, high))


def pair(size):
    return (size, size) if isinstance(size, int) else (size[0], size[1])


def argument(size):
    """The size as a solution gets it: an int or a tuple."""
    return size if isinstance(size, int) else (size[0], size[1])


CONVOLUTION = {
    "batch": some.integers(1, 3),
    "groups": some.integers(1, 3),
    "group_in": some.integers(1, 3),
    "group_out": some.integers(1, 3),
    "kernel": sizes(1, 4),
    "stride": sizes(1, 3),
    "padding": sizes(0, 2),
    "dilation": sizes(1, 3),
    "more": sizes(0, 5),
}
POOLING = {
    "batch": some.integers(1, 2),
    "channels": some.integers(1, 3),
    "kernel": sizes(1, 4),
    "stride": some.none() | sizes(1, 4),
    "padding": sizes(0, 2),
    "more": sizes(0, 6),
}


def convolution_inputs(make, batch, groups, group_in, group_out, kernel, stride, padding, dilation, more, grad=False):
    """x, weight and bias that fit, and the other arguments; `more` is how far the image exceeds the kernel's reach."""
    image = [
        max(1, step * (k - 1) + 1 - 2 * pad) + extra
        for k, pad, step, extra in zip(*map(pair, (kernel, padding, dilation, more)), strict=True)
    ]
    x = make.normal(batch, groups * group_in, *image, requires_grad=grad)
    weight = make.normal(groups * group_out, group_in, *pair(kernel), requires_grad=grad)
    bias = make.normal(groups * group_out, requires_grad=grad)
    options = {"stride": argument(stride), "padding": argument(padding), "dilation": argument(dilation)}
    return x, weight, bias, options | {"groups": groups}


def pooling_inputs(make, batch, channels, kernel, stride, padding, more, grad=False):
    """x and the other arguments; the padding is at most half of the kernel."""
    padding = tuple(min(pad, k // 2) for pad, k in zip(pair(padding), pair(kernel), strict=True))
    image = [max(1, k - 2 * pad) + extra for k, pad, extra in zip(pair(kernel), padding, pair(more), strict=True)]
    x = make.normal(batch, channels, *image, requires_grad=grad)
    options = {"stride": None if stride is None else argument(stride), "padding": padding}
    return x, argument(kernel), options


@check("shape", points=5, part="conv2d", **CONVOLUTION)
def has_the_right_size(solution, make, **drawn):
    """The size of a convolution's result, whatever the arguments."""
    x, weight, bias, options = convolution_inputs(make, **drawn)
    return solution.conv2d(x, weight, bias, **options).shape


@check("values", points=20, part="conv2d", **CONVOLUTION)
def convolves(solution, make, **drawn):
    """Convolution over all arguments: sizes as ints and as pairs, groups, with and without bias."""
    x, weight, bias, options = convolution_inputs(make, **drawn)
    stride, padding, dilation = argument(drawn["stride"]), argument(drawn["padding"]), argument(drawn["dilation"])
    return {
        "all arguments": lambda: solution.conv2d(x, weight, bias, **options),
        "by position": lambda: solution.conv2d(x, weight, bias, stride, padding, dilation, drawn["groups"]),
        "no bias": lambda: solution.conv2d(x, weight, **options),
        "padding only": lambda: solution.conv2d(
            make.normal(2, 3, 5, 4), make.normal(2, 3, 3, 2), padding=argument(drawn["padding"])
        ),
        "weight only": lambda: solution.conv2d(make.normal(2, 3, 6, 7), make.normal(4, 3, 2, 3)),
    }


@check("values", points=15, part="max_pool2d", **POOLING)
def pools(solution, make, **drawn):
    """Max pooling over all arguments: sizes as ints and as pairs, overlapping windows, stride left out."""
    x, kernel, options = pooling_inputs(make, **drawn)
    return {
        "all arguments": lambda: solution.max_pool2d(x, kernel, **options),
        "by position": lambda: solution.max_pool2d(x, kernel, options["stride"], options["padding"]),
        "kernel only": lambda: solution.max_pool2d(make.normal(2, 2, 7, 9), argument(drawn["kernel"])),
    }


@check("values", points=10, tag="edge")
def survives_the_edges(solution, make):
    """Padding never wins, one window only, depthwise, any strides in memory, float64, inputs unchanged."""
    conv2d, max_pool2d = solution.conv2d, solution.max_pool2d

    def leaves_inputs_alone():
        x, weight, bias = make.normal(2, 3, 6, 6), make.normal(4, 3, 3, 3), make.normal(4)
        return [
            changes(lambda: conv2d(x, weight, bias, padding=1), x, weight, bias),
            changes(lambda: max_pool2d(x, 2, padding=1), x),
        ]

    def other_strides():  # channels last, and every other row of a larger image
        x, weight = make.normal(2, 8, 7, 3).permute(0, 3, 1, 2), make.normal(3, 3, 4, 3).transpose(0, 2)[:, :, ::2]
        return [conv2d(x, weight, padding=1), conv2d(x[:, :, ::2], weight), max_pool2d(x[:, :, ::2], 3, 2, 1)]

    def in_float64():
        x, weight, bias = (make.normal(*size, dtype=torch.float64) for size in ((1, 2, 5, 5), (3, 2, 3, 3), (3,)))
        return [conv2d(x, weight, bias, padding=1), max_pool2d(x, 3, 2, 1)]

    return {
        "pool, all negative": lambda: max_pool2d(make.uniform(2, 3, 5, 6, low=-3, high=-1), 3, 2, 1),
        "pool, very negative": lambda: max_pool2d(make.uniform(2, 3, 5, 6, low=-3, high=-1) * 1e30, 3, 2, 1),
        "pool, one window": lambda: max_pool2d(make.normal(2, 3, 4, 5), (4, 5)),
        "pool, gaps": lambda: max_pool2d(make.normal(1, 2, 9, 9), 2, 4),
        "conv, one window": lambda: conv2d(make.normal(2, 3, 4, 5), make.normal(2, 3, 4, 5)),
        "conv, depthwise": lambda: conv2d(make.normal(2, 6, 5, 5), make.normal(12, 1, 3, 3), make.normal(12), groups=6),
        "conv, much padding": lambda: conv2d(make.normal(1, 2, 3, 3), make.normal(2, 2, 2, 2), padding=(3, 4)),
        "other strides": other_strides,
        "float64": in_float64,
        "unchanged inputs": leaves_inputs_alone,
    }


@check("gradient", points=10, part="conv2d", examples=8, **CONVOLUTION)
def sends_gradients_through_the_convolution(solution, make, **drawn):
    """Gradients of x, weight and bias of the convolution."""
    x, weight, bias, options = convolution_inputs(make, **drawn, grad=True)
    out = solution.conv2d(x, weight, bias, **options)
    (out * make.normal(*out.shape)).sum().backward()
    return gradients(x=x, weight=weight, bias=bias)


@check("gradient", points=10, part="max_pool2d", examples=8, **POOLING)
def sends_gradients_to_the_maximum(solution, make, **drawn):
    """Gradients of max pooling, also where windows overlap."""
    x, kernel, options = pooling_inputs(make, **drawn, grad=True)
    out = solution.max_pool2d(x, kernel, **options)
    (out * make.normal(*out.shape)).sum().backward()
    return gradients(x=x)


def fits_and_learns(evidence):
    shape, dtype, calls, grads = (evidence.got[name] for name in ("shape", "dtype", "calls", "gradients"))
    if shape != evidence.expected["shape"]:
        return f"the logits have shape {shape}, expected {evidence.expected['shape']}"
    if dtype != evidence.expected["dtype"]:
        return f"the logits are {dtype}, expected {evidence.expected['dtype']}"
    unused = [name for name, count in calls.items() if count == 0]
    if unused:
        return f"TinyCNN does not call your {' and '.join(unused)}"
    if len(grads) == 1:
        return "TinyCNN has no parameters"
    for name, norm in grads.items():
        if norm is None:
            return f"no gradient reaches {name}"
    return None if grads["x"] > 0 else "the gradient of the images is 0"


@check(
    "shape",
    points=10,
    part="TinyCNN",
    judged_by=fits_and_learns,
    batch=some.integers(1, 3),
    in_channels=some.integers(1, 4),
    num_classes=some.integers(2, 5),
    height=some.integers(8, 21),
    width=some.integers(8, 21),
)
def fits_images_of_any_size(solution, make, batch, in_channels, num_classes, height, width):
    """TinyCNN: logits for images of any size, computed by your functions; gradients reach every parameter."""
    functions = {name: getattr(solution, name) for name in ("conv2d", "max_pool2d")}
    calls = dict.fromkeys(functions, 0)

    def counting(name):
        def call(*arguments, **named):
            calls[name] += 1
            return functions[name](*arguments, **named)

        return call

    for name in functions:
        setattr(solution, name, counting(name))
    try:
        net = solution.TinyCNN(in_channels, num_classes).to(make.device, make.dtype).eval()
        x = make.normal(batch, in_channels, height, width, requires_grad=True)
        logits = net(x)
        logits.logsumexp(-1).sum().backward()
    finally:
        for name, function in functions.items():
            setattr(solution, name, function)
    norms = {name: None if grad is None else float(grad.norm()) for name, grad in gradients(net, x=x).items()}
    return {"shape": tuple(logits.shape), "dtype": str(logits.dtype), "calls": calls, "gradients": norms}


def strokes(make):
    """Noisy 8 x 8 images with a stroke in one of four directions, anywhere; the last 256 are hidden."""
    count, size = 640, 8
    labels, place = make.integers(0, 4, count), make.integers(0, size - 3, count, 2)
    patterns = torch.zeros(4, 4, 4)
    patterns[0, 1], patterns[1, :, 1] = 1.5, 1.5
    patterns[2] = 1.5 * torch.eye(4)
    patterns[3] = patterns[2].flip(1)
    images = 0.3 * make.normal(count, 1, size, size)
    for image, pattern, (top, left) in zip(images, patterns[labels], place.tolist(), strict=True):
        image[0, top : top + 4, left : left + 4] += pattern
    return {"x": images[:384], "y": labels[:384], "x_new": images[384:]}, labels[384:]


@check("convergence", points=10, part="TinyCNN", task=strokes, judged_by=at_least(0.75, "accuracy"))
def tells_strokes_apart(solution, make, given):
    """TinyCNN trains for 120 steps to tell the direction of a stroke, then sees new images."""
    net = solution.TinyCNN(1, 4).to(make.device).train()

    def loss(step):
        x, y = batch_of(given, step, 32)
        return nn.functional.cross_entropy(net(x), y)

    curve = minimise(loss, net.parameters(), 120, lr=0.01)
    with torch.no_grad():
        return net.eval()(given["x_new"]).argmax(-1), curve


@check("timing", points=5, part="conv2d", limit=15.0)
def convolves_in_time(solution, make):
    """Time of a 3 x 3 convolution of 24 x 24 images, forward and backward, against the reference's."""
    x, weight = make.normal(6, 8, 24, 24, requires_grad=True), make.normal(16, 8, 3, 3, requires_grad=True)
    return lambda: (solution.conv2d(x, weight, padding=1).square().sum().backward(), gradients(x=x, weight=weight))[1]


@check("timing", points=5, part="max_pool2d", limit=8.0)
def pools_in_time(solution, make):
    """Time of 2 x 2 max pooling of 48 x 48 images, forward and backward, against the reference's."""
    x = make.normal(3, 8, 48, 48, requires_grad=True)
    return lambda: (solution.max_pool2d(x, 2).square().sum().backward(), gradients(x=x))[1]
