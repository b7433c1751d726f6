"""What 06-transfer-learning is judged on."""

import torch
from hypothesis import strategies as some
from torch import nn
from torch.nn import functional as F

from judge.checks import at_least, batch_of, changes, check, gradients, outcome, state


class Block(nn.Module):
    """A residual block that drops its input in training, all of it, so that its answer depends on the mode alone."""

    def __init__(self, width):
        super().__init__()
        self.conv = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.bn = nn.BatchNorm2d(width)

    def forward(self, x):
        return self.bn(self.conv(x)).tanh() + F.dropout(x, 1.0, self.training)


class SmallResNet(nn.Module):
    """(N, 1, 4, 4) -> (N, classes), with the names of a ResNet; smooth, so that rounding cannot tip a ReLU."""

    def __init__(self, width, classes, bias=True):
        super().__init__()
        self.conv1 = nn.Conv2d(1, width, 3, padding=1)
        self.bn1 = nn.BatchNorm2d(width)
        self.layer1 = nn.Sequential(Block(width), Block(width))
        self.layer10 = nn.Sequential(Block(width))
        self.layer4 = nn.Sequential(Block(width), Block(width))
        self.dropout = nn.Dropout(1.0)
        self.fc = nn.Linear(width, classes, bias=bias)

    def forward(self, x):
        x = self.bn1(self.conv1(x)).tanh()
        features = self.layer4(self.layer10(self.layer1(x))).mean((2, 3))
        return self.fc(features + self.dropout(features))


class Perceptron(nn.Module):
    """(N, 6) -> (N, classes): a backbone that is no ResNet, and whose head is not its last module."""

    def __init__(self, width, classes):
        super().__init__()
        self.fc = nn.Linear(width, classes)
        self.body = nn.Sequential(nn.Linear(6, width), nn.BatchNorm1d(width), nn.Tanh())

    def forward(self, x):
        return self.fc(self.body(x))


def resnet(make, width=6, classes=5):
    return make.filled(SmallResNet(width, classes)).train()


def model_of(solution, make, backbone=None, classes=3):
    """The solution's model, with known numbers in the head."""
    model = solution.TransferModel(resnet(make) if backbone is None else backbone, classes)
    with torch.no_grad():
        for parameter in model.fc.parameters():
            parameter.copy_(make.normal(*parameter.shape, std=0.5))
    return model


def images(make, count=4):
    return make.normal(count, 1, 4, 4)


SIZES = {"count": some.integers(1, 4), "width": some.integers(1, 6), "classes": some.integers(1, 5)}


@check("shape", points=10, **SIZES)
def replaces_the_head(solution, make, count, width, classes):
    """A head of the new size at `.fc`, none in the backbone, which is the one that was passed in."""

    def seen(backbone, x):
        model = solution.TransferModel(backbone, classes)
        linear = isinstance(model.fc, nn.Linear)
        return {
            "logits": model.eval()(x).shape,
            "head is an nn.Linear": linear,
            "head": {name: tuple(parameter.shape) for name, parameter in model.fc.named_parameters()},
            "backbone's fc": type(backbone.fc).__name__,
            "backbone kept": model.backbone is backbone,
        }

    return {
        "ResNet": lambda: seen(resnet(make, width, 7), images(make, count)),
        "old head without bias": lambda: seen(make.filled(SmallResNet(width, 7, bias=False)), images(make, count)),
        "another backbone": lambda: seen(make.filled(Perceptron(width, 7)), make.normal(count, 6)),
    }


@check("values", points=10, examples=8, **SIZES)
def predicts(solution, make, count, width, classes):
    """Logits in evaluation mode: the new head on the backbone's features."""
    return {
        "ResNet": lambda: model_of(solution, make, resnet(make, width), classes).eval()(images(make, count)),
        "another backbone": lambda: model_of(solution, make, make.filled(Perceptron(width, 7)), classes).eval()(
            make.normal(count, 6)
        ),
    }


def numbers(model):
    """All parameters and buffers of the backbone and the head; what else a solution keeps is its own affair."""
    return {"backbone": state(model.backbone), "fc": state(model.fc)}


def learned(model):
    return {"backbone": gradients(model.backbone), "fc": gradients(model.fc)}


def run(model, x):
    """The logits, in which mode BatchNorm and dropout ran, and all numbers of the model afterwards."""
    seen, handles = {}, []
    for name, module in model.backbone.named_modules():
        if isinstance(module, nn.BatchNorm2d | nn.Dropout | Block):
            note = lambda module, _, name=name: seen.update({name: module.training})  # noqa: E731
            handles.append(module.register_forward_pre_hook(note))
    logits = model(x)
    for handle in handles:
        handle.remove()
    return {"in training mode": seen, "logits": logits, "state": numbers(model)}


@check("values", points=15)
def keeps_the_frozen_part_in_evaluation(solution, make):
    """Frozen BatchNorm and dropout: in evaluation mode from the constructor on, whatever `train()` says."""

    def after(prepare):
        model, x = model_of(solution, make), images(make)
        prepare(model)
        return run(model, x), run(model, x)

    return {
        "as constructed": lambda: after(lambda model: None),
        "train()": lambda: after(lambda model: model.train()),
        "eval()": lambda: after(lambda model: model.eval()),
        "eval(), then train()": lambda: after(lambda model: model.eval().train()),
        "train(False)": lambda: after(lambda model: model.train(False)),
    }


def steps_of(solution, make, model, steps=5, lrs=(0.1, 0.02)):
    """Trains with the solution's groups; the model's state afterwards and its last gradients."""
    optimizer = torch.optim.SGD(solution.param_groups(model, *lrs), lr=1.0, momentum=0.9, weight_decay=0.01)
    for _ in range(steps):
        optimizer.zero_grad()
        F.cross_entropy(model(images(make)), make.integers(0, 3, 4)).backward()
        optimizer.step()
    return numbers(model), learned(model)


def entries_that_differ(one, other):
    return {name: int((one[name] != other[name]).sum()) for name in one}


@check("gradient", points=15)
def trains_the_head_alone(solution, make):
    """Five steps in training mode: the backbone and its buffers are the same to the last bit, the head learns."""

    def in_training(backbone=None):
        backbone = backbone or resnet(make)
        before = state(backbone)
        model = model_of(solution, make, backbone).train()
        trained, grads = steps_of(solution, make, model)
        before = {name: tensor for name, tensor in before.items() if not name.startswith("fc.")}
        return trained, grads, entries_that_differ(before, state(backbone))

    def head_was_frozen():
        backbone = resnet(make)
        backbone.requires_grad_(False)
        return in_training(backbone)

    def x_gradient():
        model, x = model_of(solution, make).train(), images(make).requires_grad_()
        F.cross_entropy(model(x), make.integers(0, 3, 4)).backward()
        return gradients(x=x)

    return {"a backbone": in_training, "a backbone frozen before": head_was_frozen, "the images' gradient": x_gradient}


def unfrozen(solution, make, *prefixes, before=lambda model: model.train(), after=lambda model: None):
    """The model's behaviour after `before`, unfreezing, and `after`; which parameters get a gradient."""
    model, x = model_of(solution, make), images(make)
    before(model)
    for prefix in prefixes:
        model.unfreeze(prefix)
    after(model)
    seen = run(model, x)
    F.cross_entropy(seen["logits"], make.integers(0, 3, 4)).backward()
    return seen | {"gradients": learned(model)}


@check("gradient", points=20)
def unfreezes_by_name(solution, make):
    """Parameters learn, BatchNorm and dropout follow the model's mode: at once, and across `train()` and `eval()`."""
    freshly = lambda model: None  # noqa: E731
    return {
        "while training": lambda: unfrozen(solution, make, "layer4"),
        "as constructed": lambda: unfrozen(solution, make, "layer4", before=freshly),
        "in evaluation": lambda: unfrozen(solution, make, "layer4", before=lambda model: model.eval()),
        "then train()": lambda: unfrozen(solution, make, "layer4", after=lambda model: model.train()),
        "then eval()": lambda: unfrozen(solution, make, "layer4", after=lambda model: model.eval()),
        "in evaluation, then train()": lambda: unfrozen(
            solution, make, "layer4", before=lambda model: model.eval(), after=lambda model: model.train()
        ),
        "then eval(), train()": lambda: unfrozen(solution, make, "layer4", after=lambda model: model.eval().train()),
        "layer1, not layer10": lambda: unfrozen(solution, make, "layer1"),
        "a block": lambda: unfrozen(solution, make, "layer4.1", after=lambda model: model.train()),
        "two layers": lambda: unfrozen(solution, make, "layer4", "layer1", after=lambda model: model.train()),
        "the same twice": lambda: unfrozen(solution, make, "layer10", "layer10"),
        "one parameter": lambda: gradients_for(solution, make, "conv1.weight"),
    }


def gradients_for(solution, make, prefix):
    """Gradients alone, in evaluation mode: which mode a module gets for one of its parameters is open."""
    model = model_of(solution, make)
    model.unfreeze(prefix)
    F.cross_entropy(model.eval()(images(make)), make.integers(0, 3, 4)).backward()
    return learned(model)


@check("values", points=5, tag="edge")
def refuses_names_without_parameters(solution, make):
    """ValueError for a prefix that matches no parameter of the backbone."""

    def unfreeze(prefix):
        return lambda: outcome(model_of(solution, make).unfreeze, prefix)

    return {
        "layer5": unfreeze("layer5"),
        "part of a name": unfreeze("layer"),
        "empty": unfreeze(""),
        "fc": unfreeze("fc"),
        "dropout": unfreeze("dropout"),
        "backbone.layer4": unfreeze("backbone.layer4"),
        "layer4": unfreeze("layer4"),
    }


@check("values", points=10)
def groups_what_trains(solution, make):
    """param_groups: the head first, then what is trainable of the backbone, each with its learning rate."""

    def groups(*prefixes):
        model = model_of(solution, make)
        for prefix in prefixes:
            model.unfreeze(prefix)
        names = {id(parameter): name for name, parameter in model.named_parameters()}
        return [
            {"params": sorted(names.get(id(entry), "none of the model's") for entry in group["params"]),
             "lr": group["lr"]}
            for group in solution.param_groups(model, 0.1, 0.01)
        ]  # fmt: skip

    return {
        "all frozen": groups,
        "one layer": lambda: groups("layer4"),
        "two layers": lambda: groups("layer4", "layer1.0"),
        "one parameter": lambda: groups("conv1.bias"),
        "five steps": lambda: after_five_steps(solution, make),
    }


def after_five_steps(solution, make):
    model = model_of(solution, make).train()
    model.unfreeze("layer4")
    return steps_of(solution, make, model)


@check("values", points=5)
def keeps_dtype_and_inputs(solution, make):
    """The head takes the old one's dtype and device; images stay as they were."""

    def in_dtype(dtype):
        model = solution.TransferModel(resnet(make).to(dtype), 3)
        placed = {name: (parameter.dtype, parameter.requires_grad) for name, parameter in model.fc.named_parameters()}
        return placed, model_of(solution, make, resnet(make).to(dtype)).eval()(images(make).to(dtype))

    def unchanged():
        x = images(make)
        return changes(lambda: model_of(solution, make).train()(x), x)

    return {
        "float32": lambda: in_dtype(torch.float32),
        "float64": lambda: in_dtype(torch.float64),
        "inputs": unchanged,
    }


CLASSES = 4


def pictures_of_prototypes(make):
    """Noisy pictures of one of four prototypes, in batches of one class each; the last 200 are hidden."""
    labels = torch.cat([torch.arange(20).repeat_interleave(10) % CLASSES, make.integers(0, CLASSES, 200)])
    prototypes = 4 * torch.linalg.qr(make.normal(16, CLASSES)).Q.T.reshape(CLASSES, 1, 4, 4)  # equally far apart
    pictures = prototypes[labels] + 0.2 * make.normal(len(labels), 1, 4, 4)
    return {"x": pictures[:200], "y": labels[:200], "x_new": pictures[200:]}, labels[200:]


@check("convergence", points=10, task=pictures_of_prototypes, judged_by=at_least(0.9, "accuracy"))
def learns_on_frozen_features(solution, make, given):
    """Trains the head on batches of one class each, then predicts on pictures it never saw."""
    model = solution.TransferModel(resnet(make, width=16), CLASSES).train()
    optimizer, curve = torch.optim.Adam(solution.param_groups(model, 0.02, 0.02)), []
    for step in range(200):
        x, y = batch_of(given, step, 10)
        loss = F.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        curve.append(loss.item())
    with torch.no_grad():
        return model.eval()(given["x_new"]).argmax(1), curve
