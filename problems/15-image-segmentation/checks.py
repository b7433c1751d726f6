"""What 15-image-segmentation is judged on."""

import torch
from hypothesis import strategies as some
from torch import nn

from judge.checks import Evidence, Ruling, batch_of, changes, check, gradients, minimise


def label_maps(make, classes, *shape, share=0.6):
    """A prediction that is right in about `share` of the pixels, and the truth."""
    target, other = make.integers(0, classes, *shape), make.integers(0, classes, *shape)
    return torch.where(make.mask(*shape, share=share), target, other), target


# ------------------------------------------------------------------------------------------------------------- UNet


def looks_like_logits(evidence):
    for case, expected in evidence.expected.items():
        got = evidence.got[case]
        for name in ("shape", "dtype"):
            if got[name] != expected[name]:
                return f"{case}: the result has {name} {got[name]}, expected {expected[name]}"
        if not got["finite"]:
            return f"{case}: the result is not finite"
        if got["classes"] > 1 and got["sums"] < 1e-3:
            return f"{case}: the classes' numbers sum to 1 in every pixel; return logits, not probabilities"
        if not got["another image"] > 0:
            return f"{case}: another image gives the same result"
        if not got["on the device"]:
            return f"{case}: the result is not on the device of the images"
    return None


def logits_of(net, make, *size, dtype=None):
    """What is looked at in the logits of random images."""
    images, others = make.normal(*size, dtype=dtype), make.normal(*size, dtype=dtype)
    with torch.no_grad():
        logits = net(images)
        return {
            "shape": tuple(logits.shape),
            "dtype": str(logits.dtype),
            "finite": bool(logits.isfinite().all()),
            "classes": logits.shape[1] if logits.dim() == 4 else 1,
            "sums": float((logits.sum(1) - 1).abs().max()) if logits.dim() == 4 else 0.0,
            "another image": float((net(others) - logits).abs().max()),
            "on the device": logits.device == images.device,
        }


@check(
    "shape",
    points=15,
    part="UNet",
    judged_by=looks_like_logits,
    examples=8,
    batch=some.integers(1, 2),
    in_channels=some.integers(1, 3),
    num_classes=some.integers(1, 4),
    base=some.sampled_from([8, 16]),
    depth=some.integers(1, 3),
    more_rows=some.integers(0, 13),
    more_columns=some.integers(0, 13),
)
def fits_images_of_any_size(solution, make, batch, in_channels, num_classes, base, depth, more_rows, more_columns):
    """Logits for every pixel; heights and widths from 2**depth on, even and odd."""
    height, width = 2**depth + more_rows, 2**depth + more_columns

    def net():
        return solution.UNet(in_channels, num_classes, base=base, depth=depth).to(make.device, make.dtype)

    return {
        "evaluation": logits_of(net().eval(), make, batch, in_channels, height, width),
        "training": logits_of(net().train(), make, 2, in_channels, height, width),
        "smallest": logits_of(net().eval(), make, 1, in_channels, 2**depth, 2**depth),
        "smallest, in training": logits_of(net().train(), make, 2, in_channels, 2**depth, 2**depth),
    }


def logits_and_widths(evidence):
    sentence = looks_like_logits(Evidence(evidence.got["logits"], evidence.expected["logits"], None, {}))
    if sentence is not None:
        return sentence
    default, same, wider = evidence.got["parameters"]
    if default != same:
        return f"UNet(3, 2) has {default} parameters and UNet(3, 2, base=16, depth=3) has {same}"
    if not wider > default:
        return f"there are {default} parameters with base=16 and {wider} with base=32: base should set the width"
    return None


@check("shape", points=5, part="UNet", judged_by=logits_and_widths)
def has_the_defaults(solution, make):
    """base 16 and depth 3 by default, more channels with a larger base; float64 too."""

    def default(dtype):
        return solution.UNet(3, 2).to(make.device, dtype).eval()

    sizes = ({}, {"base": 16, "depth": 3}, {"base": 32, "depth": 3})
    nets = [solution.UNet(3, 2, **size) for size in sizes]
    return {
        "logits": {
            "float32, 8 x 8": logits_of(default(torch.float32), make, 1, 3, 8, 8, dtype=torch.float32),
            "float32, 17 x 30": logits_of(default(torch.float32), make, 2, 3, 17, 30, dtype=torch.float32),
            "float64, 9 x 11": logits_of(default(torch.float64), make, 1, 3, 9, 11, dtype=torch.float64),
        },
        "parameters": [sum(parameter.numel() for parameter in net.parameters()) for net in nets],
    }


DEPTH = 3


def sees_far_and_learns(evidence):
    grads, reach, change = evidence.got["gradients"], evidence.got["reach"], evidence.got["change"]
    if len(grads) == 1:
        return "the network has no parameters"
    for name, norm in grads.items():
        if norm is None:
            return f"no gradient reaches {name}"
    if not grads["x"] > 0:
        return "the gradient of the images is 0"
    if max(change) > 0:
        return "the images are changed in place"
    for depth, distances in reach.items():
        wanted = 2 ** (depth + 1)
        if min(distances) < wanted:
            directions = ("up", "down", "left", "right")
            shortest = min(range(4), key=distances.__getitem__)
            return (
                f"a pixel of the result depends on pixels at most {distances[shortest]} {directions[shortest]} of it; "
                f"with depth={depth} it should be {wanted} or more"
            )
    return None


def reach_of(net, make, depth):
    """How far up, down, left and right the pixel in the middle of an image sees; of several, as all ReLUs may be 0."""
    middle = 5 * 2**depth // 2 + 1
    several = make.normal(8, 2, 2 * middle, 2 * middle, requires_grad=True)
    logits = net.eval()(several)[:, :, middle, middle]
    (seen,) = torch.autograd.grad((logits * make.normal(8, 3)).sum(), several, materialize_grads=True)
    rows, columns = (seen.abs().sum((0, 1, 3 - axis)).nonzero().flatten().tolist() for axis in (0, 1))
    rows, columns = rows or [middle], columns or [middle]
    return [middle - rows[0], rows[-1] - middle, middle - columns[0], columns[-1] - middle]


@check("gradient", points=10, part="UNet", judged_by=sees_far_and_learns)
def sees_far_and_learns_everywhere(solution, make):
    """Gradients reach every parameter; a pixel of the result sees at least 2**(depth + 1) pixels far."""
    net = solution.UNet(2, 3, base=8, depth=DEPTH).to(make.device, make.dtype)
    x = make.normal(2, 2, 16, 17, requires_grad=True)
    logits = net.train()(x)
    (logits * make.normal(*logits.shape)).sum().backward()
    norms = {name: None if grad is None else float(grad.norm()) for name, grad in gradients(net, x=x).items()}
    shallow = solution.UNet(2, 3, base=8, depth=1).to(make.device, make.dtype)
    reach = {DEPTH: reach_of(net, make, DEPTH), 1: reach_of(shallow, make, 1)}
    images = make.normal(1, 2, 16, 17)
    change = [float(difference.abs().max()) for difference in changes(lambda: net(images), images)]
    return {"gradients": norms, "reach": reach, "change": change}


def labels_every_pixel(evidence):
    got, labels = evidence.got, evidence.expected[1]
    predictions = got[0] if isinstance(got, tuple | list) and len(got) == 2 else None
    if not isinstance(predictions, torch.Tensor) or predictions.shape != labels.shape:
        return "the predictions do not have the shape of the label maps"
    right = float((predictions == labels).double().mean())
    return Ruling(right >= 0.95, f"{right:.3f} of the pixels right, needs at least 0.95")


@check("gradient", points=5, part="UNet", judged_by=labels_every_pixel, devices=("cpu",), pictures=[0])
def keeps_single_pixels(solution, make):
    """Trains for 40 steps on images in which every pixel counts by itself; new ones are labelled pixel by pixel."""
    labels = make.integers(0, 2, 96, 12, 14)
    images = (2 * labels - 1 + 0.25 * make.normal(96, 12, 14, dtype=torch.float32)).unsqueeze(1)
    net = solution.UNet(1, 2, base=8, depth=2).to(make.device, torch.float32).train()
    given = {"x": images[:64], "y": labels[:64]}

    def loss(step):
        x, y = batch_of(given, step, 8)
        return nn.functional.cross_entropy(net(x), y)

    minimise(loss, net.parameters(), 40, lr=0.006)
    with torch.no_grad():
        return net.eval()(images[64:]).argmax(1), labels[64:]


# ----------------------------------------------------------------------------------------------------- Dice and IoU


@check(
    "values",
    points=15,
    part="dice_loss",
    batch=some.integers(1, 3),
    classes=some.integers(1, 4),
    height=some.integers(1, 5),
    width=some.integers(1, 5),
    smooth=some.sampled_from([1.0, 0.5, 10.0]),
)
def measures_the_overlap(solution, make, batch, classes, height, width, smooth):
    """Dice loss: any batch and size, other values of smooth, classes that do not occur, large logits."""
    logits, target = (
        make.normal(batch, classes, height, width, std=2.0),
        make.integers(0, classes, batch, height, width),
    )
    absent = make.normal(batch, 4, 3, 3), make.integers(0, 2, batch, 3, 3)
    return {
        "default": lambda: solution.dice_loss(logits, target),
        "smooth": lambda: solution.dice_loss(logits, target, smooth),
        "no smoothing": lambda: solution.dice_loss(*absent, smooth=0.0),
        "absent classes": lambda: solution.dice_loss(*absent),
        "large logits": lambda: solution.dice_loss(logits * 1000, target),
        "unequal images": lambda: solution.dice_loss(
            make.normal(2, 2, 4, 4), torch.stack([target.new_zeros(4, 4), make.integers(0, 2, 4, 4)])
        ),
        "float64": lambda: solution.dice_loss(logits.double(), target),
        "inputs": lambda: [
            solution.dice_loss(*absent),
            changes(lambda: solution.dice_loss(*absent), *absent),
        ],
    }


@check(
    "gradient",
    points=10,
    part="dice_loss",
    batch=some.integers(1, 3),
    classes=some.integers(2, 4),
    height=some.integers(1, 4),
    width=some.integers(1, 4),
    examples=8,
)
def sends_gradients_to_the_logits(solution, make, batch, classes, height, width):
    """Gradients of the Dice loss, in float32 and float64; finite at large logits."""

    def backward(dtype=None):
        logits = make.normal(batch, classes, height, width, dtype=dtype, requires_grad=True)
        solution.dice_loss(logits, make.integers(0, classes, batch, height, width)).backward()
        return gradients(logits=logits)

    def at_1000():
        signs = make.tensor([[1000.0, -1000.0], [-1000.0, 1000.0]]).view(2, 2, 1, 1).requires_grad_()
        small = make.normal(2, 2, 1, 1, requires_grad=True)
        loss = solution.dice_loss(torch.cat([signs, small], 3), make.integers(0, 2, 2, 1, 2))
        loss.backward()
        return loss, gradients(signs=signs, small=small)

    return {"float32": backward, "float64": lambda: backward(torch.float64), "logits of 1000": at_1000}


@check(
    "values",
    points=20,
    part="mean_iou",
    classes=some.integers(1, 5),
    batch=some.integers(1, 3),
    height=some.integers(1, 5),
    width=some.integers(1, 5),
    ignore_index=some.sampled_from([255, -1, -100, 0]),
)
def averages_over_classes(solution, make, classes, batch, height, width, ignore_index):
    """Mean IoU: ignored pixels, classes that do not occur, predictions that are no class."""
    mean_iou, shape = solution.mean_iou, (batch, height, width)
    target_of_zeros = make.tensor([[0] * 4] * 4)

    def with_ignored(value, **options):
        pred, target = label_maps(make, classes, *shape)
        return mean_iou(pred, torch.where(make.mask(*shape, share=0.3), value, target), classes, **options)

    def no_class(*values):
        pred, target = label_maps(make, classes, *shape)
        chosen = make.tensor(values)[make.integers(0, len(values), *shape)]
        return mean_iou(torch.where(make.mask(*shape, share=0.4), chosen, pred), target, classes)

    return {
        "all occur": lambda: mean_iou(*label_maps(make, 2, batch, 6, 6), 2),
        "some occur": lambda: mean_iou(*label_maps(make, classes, *shape), classes + 3),
        "255 ignored": lambda: with_ignored(255),
        "other ignored": lambda: with_ignored(ignore_index, ignore_index=ignore_index),
        "predicted only": lambda: mean_iou(make.tensor([[0, 1], [1, 2]]), make.tensor([[0, 0], [1, 1]]), 4),
        "ignored hides a class": lambda: mean_iou(make.tensor([[0, 2], [1, 1]]), make.tensor([[0, 255], [1, 0]]), 3),
        "no class predicted": lambda: no_class(classes, -1, 100),
        "255 predicted": lambda: no_class(255),
        "only class 0 in the target": lambda: mean_iou(make.integers(0, 2, 4, 4) * 2, target_of_zeros, 3),
        "one map": lambda: mean_iou(*label_maps(make, classes, height, width), classes),
        "one row": lambda: mean_iou(*label_maps(make, classes, 7), classes),
    }


@check("values", points=10, tag="edge", part="mean_iou")
def survives_the_edges(solution, make):
    """Nothing to count gives nan, 0 and 1 are reached; always float32, without dimensions; inputs unchanged."""
    mean_iou = solution.mean_iou
    pred, target = label_maps(make, 3, 2, 4, 4)
    nothing = torch.full_like(target, 255)
    ordinary = (pred, target, 3)

    def some_and(*arguments):
        """An ordinary mean beside the edge case."""
        return mean_iou(*ordinary), mean_iou(*arguments)

    return {
        "all ignored": lambda: some_and(pred, nothing, 3),
        "no pixels": lambda: some_and(pred[:0], target[:0], 3),
        "no hit": lambda: some_and(target * 0, target * 0 + 1, 3),
        "all right": lambda: some_and(target, target, 3),
        "many classes": lambda: mean_iou(*label_maps(make, 30, 8, 8), 30),
        "inputs": lambda: [mean_iou(*ordinary, 0), changes(lambda: mean_iou(*ordinary, 0), pred, target)],
    }


# --------------------------------------------------------------------------------------------------------- training


def discs_and_squares(make):
    """Noisy 15 x 20 images with a bright disc and a bright square (class 1); the last 32 are hidden."""
    count, height, width = 96, 15, 20
    rows, columns = torch.arange(height).view(-1, 1), torch.arange(width)
    labels = torch.zeros(count, height, width, dtype=torch.int64)
    for label in labels:
        side = make.integer(0, 2)  # which half has the disc
        for half in (0, 1):
            radius = make.integer(3, 5)
            y, x = make.integer(radius, height - radius), make.integer(radius, 10 - radius) + 10 * half
            if half == side:
                label[(rows - y) ** 2 + (columns - x) ** 2 <= (radius + 0.5) ** 2] = 1
            else:
                label[((rows - y).abs() < radius) & ((columns - x).abs() < radius)] = 1
    images = (labels + 0.5 * make.normal(count, height, width)).unsqueeze(1)
    return {"x": images[:64], "y": labels[:64], "x_new": images[64:]}, labels[64:]


def iou_of_discs_and_squares(evidence):
    got = evidence.got[0] if isinstance(evidence.got, tuple | list) and len(evidence.got) == 2 else None
    truth = evidence.hidden
    if not isinstance(got, torch.Tensor) or got.shape != truth.shape:
        return "the predictions do not have the shape of the label maps"
    ratios = [float(((got == k) & (truth == k)).sum() / ((got == k) | (truth == k)).sum()) for k in (0, 1)]
    mean = sum(ratios) / 2
    shown = ", ".join(f"{ratio:.2f}" for ratio in ratios)
    return Ruling(mean >= 0.78, f"mean IoU {mean:.3g}, needs at least 0.78 (background, shapes: {shown})")


@check("convergence", points=10, part="UNet", task=discs_and_squares, judged_by=iou_of_discs_and_squares)
def finds_discs_and_squares(solution, make, given):
    """Trains for 50 steps to segment discs and squares, with cross-entropy plus your Dice loss; then new images."""
    net = solution.UNet(1, 2, base=8, depth=2).to(make.device).train()

    def loss(step):
        x, y = batch_of(given, step, 8)
        logits = net(x)
        return nn.functional.cross_entropy(logits, y) + solution.dice_loss(logits, y)

    curve = minimise(loss, net.parameters(), 50, lr=0.006)
    with torch.no_grad():
        return net.eval()(given["x_new"]).argmax(1), curve
