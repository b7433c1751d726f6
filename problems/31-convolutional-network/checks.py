"""What 31-convolutional-network is judged on."""

import torch
from hypothesis import strategies as some
from torch import nn

from judge.checks import at_least, batch_of, changes, check, gradients, minimise, names_and_shapes, outcome

SIZE = {"height": some.integers(10, 19), "width": some.integers(10, 19)}


@check(
    "values",
    points=15,
    part="conv_output_size",
    size=some.integers(1, 40),
    kernel_size=some.integers(1, 7),
    stride=some.integers(1, 5),
    padding=some.integers(0, 4),
    dilation=some.integers(1, 4),
    examples=30,
)
def counts_the_pixels(solution, make, size, kernel_size, stride, padding, dilation):
    """The size after a convolution for all arguments, also 0 and below."""
    function = solution.conv_output_size
    return {
        "all arguments": lambda: function(size, kernel_size, stride, padding, dilation),
        "by name": lambda: function(size, kernel_size, dilation=dilation, padding=padding, stride=stride),
        "defaults": lambda: function(size, kernel_size),
        "too large a kernel": lambda: function(size, size + kernel_size, stride),
        "type": lambda: type(function(size, kernel_size, stride)).__name__,
    }


@check(
    "values",
    points=15,
    part="receptive_field",
    layers=some.lists(some.tuples(some.integers(1, 7), some.integers(1, 4)), min_size=1, max_size=5),
    examples=20,
)
def sees_so_many_pixels(solution, make, layers):
    """The receptive field of stacks of layers; of no layer at all."""
    layers = [(kernel, stride) for kernel, stride in layers]
    return {
        "layers": lambda: solution.receptive_field(layers),
        "this network": lambda: solution.receptive_field(((3, 1), (2, 2), (3, 1), (2, 2))),
        "no layers": lambda: solution.receptive_field([]),
    }


@check("shape", points=10, part="ConvNet", in_channels=some.integers(1, 4), classes=some.integers(1, 9), **SIZE)
def fits_the_image(solution, make, in_channels, classes, height, width):
    """Names and shapes of all parameters, and the shape of the logits, for any image size."""

    def logits(image_size, batch):
        net = solution.ConvNet(in_channels, classes, image_size).to(make.device, make.dtype)
        return net(make.normal(batch, in_channels, height, width if isinstance(image_size, tuple) else height)).shape

    return {
        "height and width": lambda: names_and_shapes(solution.ConvNet(in_channels, classes, (height, width))),
        "one number": lambda: names_and_shapes(solution.ConvNet(in_channels, classes, image_size=height)),
        "28 x 28": lambda: names_and_shapes(solution.ConvNet(1, 10, 28)),
        "logits": lambda: logits((height, width), 2),
        "logits, one number": lambda: logits(height, 1),
    }


@check(
    "values",
    points=20,
    part="ConvNet",
    examples=6,
    batch=some.integers(1, 3),
    in_channels=some.integers(1, 3),
    classes=some.integers(1, 5),
    **SIZE,
)
def computes_the_logits(solution, make, batch, in_channels, classes, height, width):
    """Logits in training and in evaluation mode."""

    def logits(mode, image_size=(height, width)):
        net = make.filled(solution.ConvNet(in_channels, classes, image_size))
        shape = image_size if isinstance(image_size, tuple) else (image_size, image_size)
        with torch.no_grad():
            return getattr(net, mode)()(make.normal(batch, in_channels, *shape))

    return {
        "training": lambda: logits("train"),
        "evaluation": lambda: logits("eval"),
        "one number": lambda: logits("eval", height),
        "wide": lambda: logits("eval", (10, 18)),
    }


@check("values", points=15, tag="edge", part="ConvNet")
def refuses_other_sizes(solution, make):
    """ValueError for images that are too small or of another size; float64 kept, inputs unchanged."""

    def shape_after(made_for, given):
        net = solution.ConvNet(2, 3, made_for).to(make.device, make.dtype)
        return outcome(lambda: tuple(net(make.normal(1, 2, *given)).shape))

    def built(image_size):
        return outcome(lambda: tuple(solution.ConvNet(2, 3, image_size).fc1.weight.shape))

    def in_float64():
        with torch.no_grad():
            return make.filled(solution.ConvNet(2, 3, (11, 14))).double()(make.normal(1, 2, 11, 14).double())

    def leaves_the_input_alone():
        net, x = make.filled(solution.ConvNet(2, 3, 10)), make.normal(1, 2, 10, 10)
        return changes(lambda: net(x), x)

    return {
        "too small": lambda: [built(size) for size in (9, 1, (9, 30), (30, 9), (3, 3))],
        "just large enough": lambda: [built(10), built((10, 10))],
        "height and width exchanged": lambda: shape_after((10, 14), (14, 10)),
        "larger": lambda: shape_after((10, 10), (14, 14)),
        "smaller": lambda: shape_after(14, (10, 10)),
        "one pixel more, same flat size": lambda: [shape_after((10, 10), given) for given in ((11, 10), (10, 13))],
        "same flat size, another shape": lambda: shape_after((14, 18), (10, 30)),
        "float64": in_float64,
        "unchanged input": leaves_the_input_alone,
    }


@check("gradient", points=15, part="ConvNet", examples=3, height=some.integers(10, 12), width=some.integers(10, 12))
def learns_from_every_weight(solution, make, height, width):
    """Gradients of the images and of every parameter."""
    net = make.filled(solution.ConvNet(2, 3, (height, width)))
    x = make.normal(1, 2, height, width, requires_grad=True)
    (net(x) * make.normal(1, 3)).sum().backward()
    return gradients(net, x=x)


def strokes(make):
    """Noisy 12 x 14 images with a stroke in one of four directions, anywhere; the last 256 are hidden."""
    count, height, width = 768, 12, 14
    labels = make.integers(0, 4, count)
    tops, lefts = make.integers(0, height - 4, count).tolist(), make.integers(0, width - 4, count).tolist()
    patterns = torch.zeros(4, 5, 5)
    patterns[0, 2], patterns[1, :, 2] = 1.0, 1.0
    patterns[2] = torch.eye(5)
    patterns[3] = patterns[2].flip(1)
    images = 0.3 * make.normal(count, 1, height, width)
    for image, pattern, top, left in zip(images, 2.0 * patterns[labels], tops, lefts, strict=True):
        image[0, top : top + 5, left : left + 5] += pattern
    return {"x": images[:512], "y": labels[:512], "x_new": images[512:]}, labels[512:]


@check("convergence", points=10, part="ConvNet", task=strokes, judged_by=at_least(0.75, "accuracy"))
def tells_strokes_apart(solution, make, given):
    """Trains for 60 steps to tell the direction of a stroke, then sees new images."""
    net = solution.ConvNet(1, 4, (12, 14)).to(make.device).train()

    def loss(step):
        x, y = batch_of(given, step, 32)
        return nn.functional.cross_entropy(net(x), y)

    curve = minimise(loss, net.parameters(), 60, lr=0.002)
    with torch.no_grad():
        return net.eval()(given["x_new"]).argmax(-1), curve
