"""What 26-resnet is judged on."""

import torch
from hypothesis import strategies as some
from torch import nn

from judge.checks import at_least, check, gradients, state


def shortcut(in_planes, out_planes, stride=1):
    return nn.Sequential(nn.Conv2d(in_planes, out_planes, 1, stride, bias=False), nn.BatchNorm2d(out_planes))


def block_of(kind, make, in_planes, planes, stride=1, downsample=False):
    module = shortcut(in_planes, planes * kind.expansion, stride) if downsample else None
    return make.filled(kind(in_planes, planes, stride=stride, downsample=module))


def network(solution, make, block="BasicBlock", layers=(1, 1, 1, 1), classes=5):
    return make.filled(solution.ResNet(getattr(solution, block), layers, classes))


def names(module):
    return {name: tuple(tensor.shape) for name, tensor in module.state_dict().items()}


@check("shape", points=10, part="networks")
def has_the_names(solution, make):
    """Names and shapes of all parameters, and num_classes."""
    return {
        "resnet18": lambda: names(solution.resnet18()),
        "resnet50": lambda: names(solution.resnet50()),
        "num_classes": lambda: [solution.resnet18(num_classes=7).fc.weight.shape, solution.resnet50(7).fc.weight.shape],
    }


@check(
    "shape",
    points=10,
    part="ResNet",
    examples=4,
    batch=some.integers(1, 2),
    height=some.sampled_from([32, 33, 47, 65]),
    width=some.sampled_from([32, 40, 63]),
    classes=some.integers(1, 9),
    last=some.integers(1, 2),
)
def takes_any_size(solution, make, batch, height, width, classes, last):
    """Images of any size from 32 x 32, any number of blocks and classes."""
    net = network(solution, make, "BasicBlock", [1, 1, last, 1], classes).eval()
    return net(make.normal(batch, 3, height, width)).shape


def both_ways(kind, make, **numbers):
    """What a block computes in evaluation and in training, and the statistics after that."""
    x = make.normal(2, numbers["in_planes"], numbers.pop("height"), numbers.pop("width"))
    block = block_of(kind, make, **numbers)
    with torch.no_grad():
        return {"evaluation": block.eval()(x), "training": block.train()(x), "statistics": state(block)}


@check(
    "values",
    points=15,
    part="BasicBlock",
    in_planes=some.integers(1, 4),
    planes=some.integers(1, 4),
    stride=some.integers(1, 2),
    height=some.integers(2, 7),
    width=some.integers(2, 7),
)
def computes_the_basic_block(solution, make, in_planes, planes, stride, height, width):
    """BasicBlock, without and with downsample: evaluation, training, running statistics."""
    numbers = {"height": height, "width": width}
    kind = solution.BasicBlock
    return {
        "plain": lambda: both_ways(kind, make, in_planes=planes, planes=planes, **numbers),
        "downsample": lambda: both_ways(
            kind, make, in_planes=in_planes, planes=planes, stride=stride, downsample=True, **numbers
        ),
    }


@check(
    "values",
    points=15,
    part="Bottleneck",
    in_planes=some.integers(1, 4),
    planes=some.integers(1, 3),
    stride=some.integers(1, 2),
    height=some.integers(2, 7),
    width=some.integers(2, 7),
)
def computes_the_bottleneck(solution, make, in_planes, planes, stride, height, width):
    """Bottleneck, without and with downsample: evaluation, training, running statistics."""
    numbers = {"height": height, "width": width}
    kind = solution.Bottleneck
    return {
        "plain": lambda: both_ways(kind, make, in_planes=4 * planes, planes=planes, **numbers),
        "downsample": lambda: both_ways(
            kind, make, in_planes=in_planes, planes=planes, stride=stride, downsample=True, **numbers
        ),
    }


@check("values", points=15, part="networks")
def computes_the_networks(solution, make):
    """Logits of resnet18 and resnet50 in evaluation, of a small one in training."""
    x = make.normal(2, 3, 64, 64)

    def logits(net, mode="eval"):
        with torch.no_grad():
            return getattr(net, mode)()(x)

    def trained():
        net = network(solution, make, layers=(1, 2, 1, 1))
        return {"logits": logits(net, "train"), "stem": [net.bn1.running_mean, net.bn1.running_var]}

    return {
        "resnet18": lambda: logits(make.filled(solution.resnet18(10))),
        "resnet50": lambda: logits(make.filled(solution.resnet50(10))),
        "basic, training": trained,
    }


@check("values", points=5, tag="edge", part="networks")
def leaves_the_input_alone(solution, make):
    """Inputs stay as they are, float64 stays float64, any module can be the downsample."""
    images, planes = make.normal(1, 3, 32, 32), make.normal(2, 4, 5, 5)

    def change(module, x):
        before = x.clone()
        with torch.no_grad():
            module.eval()(x)
        return x - before

    def double():
        with torch.no_grad():
            return block_of(solution.Bottleneck, make, 4, 1).double().eval()(planes.double())

    def pooled(kind):
        with torch.no_grad():
            return make.filled(kind(4, 4 // kind.expansion, 2, nn.AvgPool2d(1, 2))).eval()(planes)

    return {
        "BasicBlock, input": lambda: change(block_of(solution.BasicBlock, make, 4, 4), planes.clone()),
        "Bottleneck, input": lambda: change(block_of(solution.Bottleneck, make, 4, 1), planes.clone()),
        "ResNet, input": lambda: change(network(solution, make), images.clone()),
        "float64": double,
        "BasicBlock, pooling": lambda: pooled(solution.BasicBlock),
        "Bottleneck, pooling": lambda: pooled(solution.Bottleneck),
    }


@check("gradient", points=15, stride=some.integers(1, 2), size=some.integers(4, 6), examples=4, part="networks")
def learns_from_every_weight(solution, make, stride, size):
    """Gradients of both blocks in training: input and every parameter."""

    def block(kind, in_planes, planes, **options):
        module = block_of(kind, make, in_planes, planes, **options).train()
        x = make.normal(3, in_planes, size, size, requires_grad=True)
        out = module(x)
        (out * make.normal(*out.shape)).sum().backward()
        return gradients(module, x=x)

    return {
        "BasicBlock": lambda: block(solution.BasicBlock, 3, 3),
        "BasicBlock, downsample": lambda: block(solution.BasicBlock, 2, 3, stride=stride, downsample=True),
        "Bottleneck": lambda: block(solution.Bottleneck, 8, 2),
        "Bottleneck, downsample": lambda: block(solution.Bottleneck, 3, 2, stride=stride, downsample=True),
    }


@check("gradient", points=5, part="ResNet")
def reaches_the_stem(solution, make):
    """Gradients of a small network: the image, the first and last layer, all batch norms."""
    net, x = network(solution, make, "Bottleneck").eval(), make.normal(1, 3, 64, 64, requires_grad=True)
    (net(x) * make.normal(1, 5)).sum().backward()
    found = gradients(net, x=x)
    small = {name for name, parameter in net.named_parameters() if parameter.dim() == 1}
    return {name: found[name] for name in sorted(small | {"x", "conv1.weight", "fc.weight"})}


def stripes(make):
    """Noisy images of stripes in one of four directions. `given` has labels for the first three quarters only."""
    count, size = 256, 32
    label = make.integers(0, 4, count)
    across, down = torch.tensor([1.0, 0.0, 0.7, 0.7])[label], torch.tensor([0.0, 1.0, 0.7, -0.7])[label]
    axis = torch.arange(size).float()
    phase = make.uniform(count, high=6.28).view(-1, 1, 1)
    wave = torch.sin((across.view(-1, 1, 1) * axis + down.view(-1, 1, 1) * axis[:, None]) * 0.8 + phase)
    images = wave[:, None] + 0.3 * make.normal(count, 3, size, size)
    return {"x": images[:192], "y": label[:192], "x_new": images[192:]}, label[192:]


@check("convergence", points=5, task=stripes, judged_by=at_least(0.85, "accuracy"), part="ResNet")
def sees_the_direction(solution, make, given):
    """A small ResNet trains for 24 steps on striped images, then tells the direction of new ones."""
    net = solution.ResNet(solution.BasicBlock, [1, 1, 1, 1], num_classes=4).to(make.device).train()
    optimizer, curve = torch.optim.SGD(net.parameters(), lr=0.05), []
    for step in range(24):
        optimizer.param_groups[0]["lr"] = 0.05 * (1 - step / 24)  # so that the running statistics catch up
        rows = (torch.arange(16, device=make.device) + 16 * step) % 192
        loss = nn.functional.cross_entropy(net(given["x"][rows]), given["y"][rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        curve.append(loss.item())
    with torch.no_grad():
        return net.eval()(given["x_new"]).argmax(-1), curve


@check("timing", points=5, limit=4.0, part="Bottleneck")
def runs_bottlenecks(solution, make):
    """Time of forward and backward of two bottlenecks, against the reference's."""
    first = block_of(solution.Bottleneck, make, 32, 16, stride=2, downsample=True)
    blocks = nn.Sequential(first, block_of(solution.Bottleneck, make, 64, 16)).train()
    x = make.normal(4, 32, 16, 16, requires_grad=True)
    return lambda: (blocks(x).square().sum().backward(), gradients(blocks, x=x))[1]
