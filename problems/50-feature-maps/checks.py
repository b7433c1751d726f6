"""What 50-feature-maps is judged on."""

import torch
from hypothesis import strategies as some
from torch import nn
from torch.nn.modules import module as torch_module

from judge.checks import Raised, check, gradients, modes, outcome, state

CLASSES = 4


class Net(nn.Module):
    """(N, 2, H, W) -> (N, 4): layers within layers, BatchNorm and dropout; smooth, so that rounding tips nothing."""

    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(2, 4, 3, padding=1),
            nn.BatchNorm2d(4),
            nn.Tanh(),
            nn.Sequential(nn.Conv2d(4, 3, 3, stride=2, padding=1), nn.Dropout(0.5), nn.Tanh()),
        )
        self.head = nn.Linear(3, CLASSES)
        self.spare = nn.Conv2d(2, 2, 1)  # never called

    def forward(self, x):
        return self.head(self.features(x).mean((2, 3)))


class Fragile(Net):
    """Fails when all layers but the head have run."""

    def forward(self, x):
        self.features(x)
        raise RuntimeError("this network always fails")


class Enabling(Net):
    """Turns gradients on by itself."""

    @torch.enable_grad()
    def forward(self, x):
        return super().forward(x)


class Repeated(nn.Module):
    """One convolution, called three times, under two names."""

    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(2, 3, 1)
        self.step = nn.Conv2d(3, 3, 3, padding=1)
        self.again = self.step
        self.head = nn.Linear(3, CLASSES)

    def forward(self, x):
        x = torch.tanh(self.first(x))
        for _ in range(2):
            x = torch.tanh(self.step(x))
        return self.head(torch.tanh(self.again(x)).mean((2, 3)))


class InPlace(nn.Module):
    """What `conv` returns is changed by the layer after it."""

    def __init__(self, activation=None):
        super().__init__()
        self.conv = nn.Conv2d(2, 3, 3, padding=1)
        self.activation = activation or nn.ReLU(inplace=True)
        self.head = nn.Linear(3, CLASSES)

    def forward(self, x):
        return self.head((self.activation(self.conv(x)) + 1).square().mean((2, 3)))


class Halve(nn.Module):
    def forward(self, x):
        x.mul_(0.5)
        return torch.tanh(x)


class Reusing(nn.Module):
    """`same` returns what it is given, whose memory is overwritten later."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(2, 3, 3, padding=1)
        self.same = nn.Identity()
        self.head = nn.Linear(3, CLASSES)

    def forward(self, x):
        x = self.conv(x)
        y = torch.tanh(self.same(x))
        x.zero_()
        return self.head(y.mean((2, 3)))


class Flat(nn.Module):
    """`flat` returns a view of what `conv` returned, and that is changed later."""

    def __init__(self):
        super().__init__()
        self.entrance = nn.Identity()  # returns the images themselves
        self.conv = nn.Conv2d(2, 3, 1)
        self.flat = nn.Flatten()
        self.shift = nn.Conv2d(2, 3, 1)

    def forward(self, x):
        x = self.entrance(x)
        shift = self.shift(x)
        y = self.flat(self.conv(x))
        y += self.flat(shift)
        return y.relu_()


def images_of(make, count=2, height=6, width=5):
    return make.normal(count, 2, height, width)


def net_of(make, kind=Net):
    return make.filled(kind()).train()


def hooks_of(model):
    """How many hooks there are, on the model's modules and on all modules together."""
    spaces = [vars(torch_module), *(vars(module) for module in model.modules())]
    return sum(
        len(hooks)
        for space in spaces
        for name, hooks in space.items()
        if name.endswith("_hooks") and isinstance(hooks, dict)
    )


def flags_of(model, images):
    return {name: parameter.requires_grad for name, parameter in model.named_parameters()} | {
        "images": images.requires_grad
    }


def with_traces(call, model, images):
    """What the call gives, and everything about the model and the images that should be as before."""
    before = hooks_of(model)
    result = outcome(call)
    return {
        "result": result,
        "hooks left": hooks_of(model) - before,
        "training mode": modes(model),
        "parameters and buffers": state(model),
        "grad": gradients(model, images=images),
        "requires_grad": flags_of(model, images),
        "images": images.detach(),
    }


def refusal(call, name, *others):
    """The exception, and whether it names the layer."""
    result = outcome(call, *others)
    return {"outcome": result, "names the layer": isinstance(result, Raised) and name in result.message}


def seen(maps):
    """The maps, and whether they still hang on a graph."""
    return {"maps": maps, "requires_grad": {name: tensor.requires_grad for name, tensor in maps.items()}}


SIZES = {"count": some.integers(1, 3), "height": some.integers(5, 8), "width": some.integers(5, 8)}


@check("values", points=12, part="feature_maps", examples=8, **SIZES)
def returns_what_the_layers_give(solution, make, count, height, width):
    """Maps of one layer, of several, of layers within layers; in evaluation mode; detached."""

    def maps(*layers, kind=list, net=Net):
        return seen(solution.feature_maps(net_of(make, net), images_of(make, count, height, width), kind(layers)))

    return {
        "one layer": lambda: maps("features.0"),
        "layers within layers": lambda: maps("features.3.0", "features.1", "features.3.2"),
        "a whole block, the head": lambda: maps("features.3", "head", kind=tuple),
        "after the dropout": lambda: maps("features.3.1"),
        "a model that turns gradients on": lambda: maps("features.0", net=Enabling),
    }


@check("values", points=8, part="feature_maps")
def copies_before_changes(solution, make):
    """Later layers work in place, on the output itself or on a view of it; the images are changed afterwards."""

    def of(kind, *layers, **settings):
        model = make.filled(kind(**settings)).train()
        return seen(solution.feature_maps(model, images_of(make), layers))

    def images_change():
        images = images_of(make)
        maps = solution.feature_maps(net_of(make, Flat), images, ["entrance"])
        images.zero_()
        return maps

    return {
        "an in-place ReLU follows": lambda: of(InPlace, "conv", "activation"),
        "halved in place": lambda: of(InPlace, "conv", activation=Halve()),
        "added to in place": lambda: of(Flat, "conv", "flat"),
        "the images themselves": images_change,
    }


@check("values", points=6, part="feature_maps", tag="edge")
def takes_the_last_call(solution, make):
    """A layer called several times, under two names; KeyError with the name; float64; the device."""

    def repeated(*layers):
        return solution.feature_maps(net_of(make, Repeated), images_of(make), layers)

    def refused(name, *others):
        return refusal(lambda: solution.feature_maps(net_of(make), images_of(make), [*others, name]), name)

    def float64():
        return seen(solution.feature_maps(net_of(make).double(), images_of(make).double(), ["features.0", "head"]))

    def with_others_of_its_device():
        maps = solution.feature_maps(net_of(make), images_of(make), ["features.0"])
        return maps["features.0"] * make.normal(2, 4, 6, 5)

    return {
        "called three times": lambda: repeated("step", "first"),
        "its other name": lambda: repeated("again"),
        "both names": lambda: repeated("step", "again"),
        "unknown": lambda: [refused("features.9"), refused("nothing", "head"), refused("features.0.conv")],
        "never called": lambda: [refused("spare"), refused("spare", "features.0")],
        "float64": float64,
        "device": with_others_of_its_device,
    }


def prepared(make, kind=Net):
    """A model in training mode but for one layer, with gradients on half of its parameters, and one frozen."""
    model = net_of(make, kind)
    model.features[1].eval()
    model.features[3][0].bias.requires_grad_(False)
    for parameter in model.features[0].parameters():
        parameter.grad = torch.ones_like(parameter)
    return model


def own_hook_remains(make, call):
    """How often the caller's own hook is called by one more forward pass after `call`."""
    model, images, calls = net_of(make), images_of(make), []
    model.features[0].register_forward_hook(lambda *_: calls.append(1))
    result = call(model, images)
    before = len(calls)
    model(images)
    return {"result": result, "calls of the caller's hook": len(calls) - before}


@check("values", points=8, part="feature_maps", tag="edge")
def leaves_the_model_as_it_was(solution, make):
    """Hooks, modes, gradients, statistics and images after a call, also one that fails."""

    def after(kind, *layers, prepare=lambda model: None, grad=False):
        model, images = prepared(make, kind), images_of(make)
        prepare(model)
        images.requires_grad_(grad)
        return with_traces(lambda: solution.feature_maps(model, images, layers), model, images)

    return {
        "training mode": lambda: after(Net, "features.0", "features.3"),
        "evaluation mode": lambda: after(Net, "features.1", prepare=lambda model: model.eval()),
        "one layer trains": lambda: after(Net, "head", prepare=lambda model: model.eval().features[3].train()),
        "images with requires_grad": lambda: after(Net, "features.0", grad=True),
        "the forward fails": lambda: after(Fragile, "features.0", "features.3.0"),
        "unknown layer": lambda: after(Net, "features.0", "features.7"),
        "layer never called": lambda: after(Net, "features.0", "spare"),
        "the caller's hook": lambda: own_hook_remains(
            make, lambda model, images: solution.feature_maps(model, images, ["features.0"])
        ),
    }


@check(
    "values",
    points=14,
    part="grad_cam",
    examples=8,
    pictures=["given classes", "the best class", "a whole block"],
    **SIZES,
)
def weighs_channels_by_their_gradient(solution, make, count, height, width):
    """Maps of the images' size, for given classes and for the best one, of several layers."""

    def cam(layer, given=True):
        model, images = net_of(make), images_of(make, count, height, width)
        with torch.no_grad():
            model.head.weight.mul_(2)  # logits far enough apart for a softmax to matter
        return solution.grad_cam(model, images, layer, make.integers(0, CLASSES, count) if given else None)

    def default():
        return solution.grad_cam(net_of(make), images_of(make, count, height, width), "features.3.0")

    return {
        "given classes": lambda: cam("features.3.0"),
        "the best class": lambda: cam("features.3.0", given=False),
        "without the argument": default,
        "a layer of the images' size": lambda: cam("features.0"),
        "a whole block": lambda: cam("features.3"),
    }


class Brightness(nn.Module):
    """The maps are sigmoids of the images, shrunk or enlarged; a class weighs them as `weights` says."""

    def __init__(self, weights, scale):
        super().__init__()
        self.gain = nn.Parameter(torch.ones_like(weights[0, 0]))
        self.resize = nn.Upsample(scale_factor=scale, mode="nearest")
        self.weights = nn.Parameter(weights)

    def forward(self, x):
        return self.resize(torch.sigmoid(self.gain * x)).mean((2, 3)) @ self.weights.T  # (N, 2) @ (2, C)


@check("values", points=8, part="grad_cam")
def scales_each_map(solution, make):
    """Each map has the largest value 1; maps without anything positive are 0; however small the gradients are."""

    def cam(weights, classes, scale=0.5, count=3, height=6, width=8):
        model = Brightness(make.tensor(weights), scale)
        return solution.grad_cam(model, make.normal(count, 2, height, width), "resize", make.tensor(classes))

    def unlike_images():
        model, images = Brightness(make.tensor([[1.0, -0.5], [-0.3, 1.0]]), 0.5), make.normal(3, 2, 6, 4)
        images[1] -= 4.0
        images[2] *= 0.1
        return solution.grad_cam(model, images, "resize", make.tensor([0, 1, 0]))

    mixed = [[1.0, 0.5], [-1.0, -0.5], [0.4, -1.5]]
    return {
        "nothing positive in one": lambda: cam(mixed, [0, 1, 2]),
        "nothing positive first": lambda: cam(mixed, [1, 1, 0]),
        "tiny gradients": lambda: cam([[2e-9, 1e-9], [-1e-9, 3e-9]], [0, 1, 1]),
        "huge gradients": lambda: cam([[2e6, 1e6], [-1e6, 3e6]], [0, 1, 1]),
        "images unlike each other": unlike_images,
        "one row": lambda: cam([[1.0, -0.2], [0.1, 0.5]], [0, 1, 1], scale=0.25, height=4, width=8),
        "maps larger than the images": lambda: cam([[1.0, -0.5], [-0.2, 0.6]], [0, 1, 1], scale=3.0, width=3),
    }


@check("values", points=8, part="grad_cam", tag="edge")
def takes_the_output_before_changes(solution, make):
    """In-place layers after the hooked one, a layer called several times; KeyError with the name; float64; device."""

    def cam(kind, layer, **settings):
        model = make.filled(kind(**settings)).train()
        return solution.grad_cam(model, images_of(make), layer, make.tensor([1, 3]))

    def float64():
        return solution.grad_cam(net_of(make).double(), images_of(make).double(), "features.3.0")

    def with_others_of_its_device():
        return solution.grad_cam(net_of(make), images_of(make), "features.3.0") * make.normal(2, 6, 5)

    def refused(name):
        return refusal(lambda: solution.grad_cam(net_of(make), images_of(make), name), name)

    return {
        "an in-place ReLU follows": lambda: cam(InPlace, "conv"),
        "halved in place": lambda: cam(InPlace, "conv", activation=Halve()),
        "overwritten later": lambda: cam(Reusing, "same"),
        "called three times": lambda: cam(Repeated, "step"),
        "its other name": lambda: cam(Repeated, "again"),
        "unknown": lambda: [refused("features.9"), refused("features.0.conv")],
        "never called": lambda: refused("spare"),
        "float64": float64,
        "device": with_others_of_its_device,
    }


@check("gradient", points=9, part="grad_cam")
def leaves_no_gradients(solution, make):
    """`.grad` and requires_grad are as before, the maps are detached; frozen models; within torch.no_grad()."""

    def after(prepare=lambda model: None, grad=False, no_grad=False):
        model, images = prepared(make), images_of(make)
        prepare(model)
        images.requires_grad_(grad)
        with torch.set_grad_enabled(not no_grad):
            cam = solution.grad_cam(model, images, "features.3.0", make.tensor([2, 0]))
            enabled = torch.is_grad_enabled()
        return {
            "cam": cam,
            "cam requires a gradient": cam.requires_grad,
            "grad": gradients(model, images=images),
            "requires_grad": flags_of(model, images),
            "gradients are on as before": enabled != no_grad,
        }

    return {
        "some gradients there": after,
        "none there": lambda: after(lambda model: model.zero_grad()),
        "images with requires_grad": lambda: after(grad=True),
        "frozen": lambda: after(lambda model: model.requires_grad_(False)),
        "within no_grad": lambda: after(no_grad=True),
    }


@check("values", points=7, part="grad_cam", tag="edge")
def leaves_no_hooks(solution, make):
    """Hooks, modes, statistics and images after a call, also one that fails."""

    def after(kind, layer, prepare=lambda model: None):
        model, images = prepared(make, kind), images_of(make)
        prepare(model)
        return with_traces(lambda: solution.grad_cam(model, images, layer, make.tensor([1, 2])), model, images)

    return {
        "training mode": lambda: after(Net, "features.3.0"),
        "evaluation mode": lambda: after(Net, "features.0", lambda model: model.eval()),
        "one layer trains": lambda: after(Net, "features.3", lambda model: model.eval().features[3].train()),
        "the forward fails": lambda: after(Fragile, "features.3.0"),
        "unknown layer": lambda: after(Net, "features.7"),
        "layer never called": lambda: after(Net, "spare"),
        "the caller's hook": lambda: own_hook_remains(
            make, lambda model, images: solution.grad_cam(model, images, "features.0")
        ),
    }


@check(
    "values",
    points=12,
    part="to_grid",
    pictures=["pad given", "pad left out"],
    count=some.integers(1, 7),
    height=some.integers(1, 3),
    width=some.integers(2, 4),
    columns=some.integers(1, 4),
    pad=some.integers(0, 3),
    examples=25,
)
def lays_out_row_by_row(solution, make, count, height, width, columns, pad):
    """Each map scaled by itself, in rows of `columns` cells, zeros between them and in missing cells."""
    maps = make.normal(count, height, width) * make.uniform(count, 1, 1, low=0.5, high=4.0) + make.normal(count, 1, 1)
    return {
        "pad given": lambda: solution.to_grid(maps, columns, pad),
        "pad left out": lambda: solution.to_grid(maps, columns),
    }


@check("values", points=8, part="to_grid", tag="edge")
def scales_constant_maps(solution, make):
    """Constant maps are 0, small differences count in full; fewer maps than columns; the maps unchanged; float64."""

    def constant(*values):
        maps = make.normal(len(values) + 1, 2, 3)
        for index, value in enumerate(values):
            maps[index] = value
        return solution.to_grid(maps, 2)

    def nearly_constant():
        return solution.to_grid(1e-9 * make.normal(3, 2, 3), 3, 1)

    def unchanged():
        maps = make.normal(3, 2, 3)
        return {"picture": solution.to_grid(maps, 2), "maps afterwards": maps}

    def with_others_of_its_device():
        return solution.to_grid(make.normal(3, 2, 2), 2) + make.normal(5, 5)

    def of_a_view():
        return solution.to_grid(make.normal(4, 5, 3).permute(2, 1, 0), 2)

    return {
        "constant": lambda: constant(2.5, 0.0, -1.0),
        "nearly constant": nearly_constant,
        "fewer than columns": lambda: solution.to_grid(make.normal(2, 2, 3), 5, 2),
        "one map": lambda: solution.to_grid(make.normal(1, 3, 3), 1, 4),
        "a view": of_a_view,
        "float64": lambda: solution.to_grid(make.normal(3, 2, 2, dtype=torch.float64), 2),
        "unchanged": unchanged,
        "device": with_others_of_its_device,
    }
