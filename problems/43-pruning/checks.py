"""What 43-pruning is judged on."""

import torch
from hypothesis import strategies as some
from torch import nn

from judge.checks import Ruling, changes, check, gradients, minimise, names_and_shapes, outcome, state

SHARES = some.sampled_from([0.5, 0.0, 0.25, 0.3, 0.7, 0.9, 0.99])


@check(
    "values", points=15, part="magnitude_mask", rows=some.integers(1, 4), columns=some.integers(1, 6), sparsity=SHARES
)
def masks_the_smallest(solution, make, rows, columns, sparsity):
    """True for what is kept; negative numbers, equal magnitudes, any shape."""
    mask = solution.magnitude_mask
    return {
        "drawn": lambda: mask(make.normal(rows, columns), sparsity),
        "equal magnitudes": lambda: mask(make.integers(-2, 3, rows, columns).to(make.dtype), sparsity),
        "all equal": lambda: mask(torch.full_like(make.normal(rows, columns), -0.5), sparsity),
        "kernels": lambda: mask(make.normal(rows, 2, 1, columns), sparsity),
    }


@check("values", points=5, part="magnitude_mask", tag="edge")
def counts_exactly(solution, make):
    """math.floor(n * sparsity), ValueError outside [0, 1), float64, the weight unchanged."""
    mask = solution.magnitude_mask

    def pruned(n, sparsity):
        return (~mask(make.normal(n), sparsity)).sum()

    def close():
        weight = torch.tensor([1.0, 1.0 - 1e-12, 1.0 + 1e-12, -1.0], dtype=torch.float64, device=make.device)
        return mask(weight, 0.25), mask(weight, 0.5)

    def of_a_parameter():
        return mask(nn.Parameter(make.normal(3, 3)), 0.5)

    def unchanged():
        weight = make.normal(4, 5)
        return changes(lambda: mask(weight, 0.6), weight)

    def with_others_of_its_device():
        return mask(make.normal(2, 3), 0.5) & make.mask(2, 3)

    return {
        "counts": lambda: [pruned(n, sparsity) for n, sparsity in ((100, 0.29), (10, 0.7), (3, 0.99), (50, 0.14))],
        "bad sparsity": lambda: [outcome(mask, make.normal(4), sparsity) for sparsity in (1.0, -0.1, 1.5)],
        "one entry": lambda: [mask(make.normal(1), 0.5), mask(make.normal(), 0.9)],
        "zeros": lambda: mask(torch.zeros_like(make.normal(5, 8)), 0.5),  # so many that unstable sorts show
        "float64": close,
        "a parameter": of_a_parameter,
        "unchanged": unchanged,
        "device": with_others_of_its_device,
    }


def network(make):
    """(N, 1, 4, 4) -> (N, 3), with layers that are pruned and others that are not; smooth."""
    net = nn.Sequential(
        nn.Conv2d(1, 3, 2, bias=False),
        nn.GroupNorm(1, 3),
        nn.Tanh(),
        nn.Conv2d(3, 2, 2),
        nn.Flatten(),
        nn.Sequential(nn.Linear(8, 4), nn.Tanh(), nn.Linear(4, 3)),
    )
    return make.filled(net)


@check("values", points=15, part="Pruner", sparsity=SHARES)
def ranks_all_layers_together(solution, make, sparsity):
    """After apply: the smallest weights of all Linear and Conv2d layers together are 0, all else is as before."""

    def applied(net):
        pruner = solution.Pruner(net, sparsity)
        pruner.apply()
        return {"state": state(net), "sparsity": pruner.sparsity()}

    def different_scales():
        net = network(make)
        with torch.no_grad():
            net[0].weight.mul_(100)
            net[5][0].weight.mul_(0.01)
        return applied(net)

    def other_layers():
        net = nn.ModuleDict({
            "embedding": nn.Embedding(4, 3),
            "conv1d": nn.Conv1d(2, 2, 2),
            "norm": nn.BatchNorm2d(2),
            "linear": nn.Linear(3, 3),
            "gru": nn.GRU(2, 2),
        })  # fmt: skip
        return applied(make.filled(net))

    return {
        "drawn": lambda: applied(network(make)),
        "layers of different scales": different_scales,
        "one layer": lambda: applied(make.filled(nn.Linear(3, 4))),
        "other layers": other_layers,
    }


@check("values", points=10, part="Pruner", tag="edge")
def counts_shared_weights_once(solution, make):
    """Shared weights, equal magnitudes across layers, zeros from before; sparsity() is about the present."""

    def applied(net, sparsity=0.5):
        pruner = solution.Pruner(net, sparsity)
        before = pruner.sparsity()
        pruner.apply()
        return {"before": before, "state": state(net), "after": pruner.sparsity()}

    def shared():
        net = make.filled(nn.Sequential(nn.Linear(3, 3), nn.Tanh(), nn.Linear(3, 3), nn.Linear(3, 2)))
        net[2].weight = net[0].weight
        return applied(net)

    def same_layer_twice():
        layer = nn.Linear(3, 3)
        return applied(make.filled(nn.Sequential(layer, nn.Tanh(), layer, nn.Linear(3, 2))), 0.7)

    def equal_magnitudes():
        net = make.filled(nn.Sequential(nn.Linear(2, 3), nn.Conv2d(2, 2, 1), nn.Linear(3, 2)))
        with torch.no_grad():
            for layer, sign in zip(net, (1, -1, 1), strict=True):
                layer.weight.fill_(0.5 * sign)
        return applied(net, 0.55)

    def zeros_before():
        net = make.filled(nn.Sequential(nn.Linear(4, 3), nn.Linear(3, 2)))
        with torch.no_grad():
            net[0].weight[0] = 0
            net[0].bias.fill_(0)
        return applied(net, 0.4)

    def at_present():
        net = make.filled(nn.Sequential(nn.Linear(4, 3), nn.Linear(3, 2)))
        pruner = solution.Pruner(net, 0.5)
        pruner.apply()
        with torch.no_grad():
            net[0].weight.fill_(1.0)
        revived = pruner.sparsity()
        pruner.step()
        with torch.no_grad():
            net[1].weight.fill_(0.0)
        return revived, pruner.sparsity()

    return {
        "shared": shared,
        "the same layer twice": same_layer_twice,
        "equal magnitudes": equal_magnitudes,
        "zeros before": zeros_before,
        "at present": at_present,
    }


@check("gradient", points=15, part="Pruner", sparsity=SHARES, examples=8)
def stays_sparse_while_training(solution, make, sparsity):
    """Weights after each training step: pruned ones stay 0 under momentum and weight decay, the others learn."""

    def train(prune_after=0, steps=4, **options):
        net, x = network(make), make.normal(5, 1, 4, 4)
        pruner = solution.Pruner(net, sparsity)
        optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9, **options)
        seen = []
        for step in range(steps):
            if step == prune_after:
                pruner.apply()
            optimizer.zero_grad()
            net(x).square().mean().backward()
            optimizer.step()
            pruner.step()
            seen.append({**state(net), "sparsity": pruner.sparsity()})
        return seen

    return {
        "momentum": train,
        "momentum from before": lambda: train(prune_after=2),
        "weight decay": lambda: train(weight_decay=0.1, nesterov=True),
    }


@check("values", points=5, part="Pruner")
def keeps_the_parameters(solution, make):
    """ValueError at construction; the same parameters as before; step before apply; masks that are fixed."""

    def constructed(sparsity):
        return outcome(solution.Pruner, nn.Linear(2, 2), sparsity)

    def construction_changes():
        net = network(make)
        before = state(net)
        solution.Pruner(net, 0.5)
        solution.Pruner(net, 0.5).step()
        return [tensor - before[name] for name, tensor in state(net).items()]

    def identities():
        net = network(make)
        before = dict(net.named_parameters())
        pruner = solution.Pruner(net, 0.5)
        pruner.apply()
        pruner.step()
        after = dict(net.named_parameters())
        return {
            "names": names_and_shapes(net),
            "same": [after.get(name) is parameter for name, parameter in before.items()],
            "require gradients": [parameter.requires_grad for parameter in before.values()],
        }

    def fixed():
        net = network(make)
        pruner = solution.Pruner(net, 0.5)
        pruner.apply()
        with torch.no_grad():
            for parameter in net.parameters():
                parameter.copy_(make.normal(*parameter.shape))
        pruner.step()
        return state(net)

    return {
        "bad sparsity": lambda: [constructed(sparsity) for sparsity in (1.0, -0.5, 2)],
        "before apply": construction_changes,
        "identity": identities,
        "fixed masks": fixed,
    }


def two_convs(make, inputs, channels, outputs, **options):
    """Two layers; the L1 norms of the first one's channels are multiples of 1/8, some of them equal."""
    convs = [nn.Conv2d(inputs, channels, 3, **options), nn.Conv2d(channels, outputs, 2)]
    first, second = (make.filled(conv) for conv in convs)
    with torch.no_grad():
        levels = make.integers(-4, 5, channels, inputs, 3, 3).to(make.dtype) / 8
        first.weight.copy_(levels[make.integers(0, channels, channels)])  # drawn with repetition
    return first, second


def settings(conv):
    names = ("in_channels", "out_channels", "kernel_size", "stride", "dilation", "groups", "padding_mode")
    return {name: getattr(conv, name) for name in names} | {"padding": conv.padding}


@check(
    "values",
    points=15,
    part="prune_channels",
    inputs=some.integers(1, 2),
    channels=some.integers(1, 5),
    outputs=some.integers(1, 3),
    share=some.sampled_from([0.5, 0.2, 0.8, 1.0]),
)
def keeps_the_largest_channels(solution, make, inputs, channels, outputs, share):
    """The new layers and the indices kept; settings stay; the old layers unchanged."""
    keep = max(1, round(channels * share))

    def pruned(**options):
        first, second, kept = solution.prune_channels(*two_convs(make, inputs, channels, outputs, **options), keep)
        return {
            "kept": kept,
            "first": state(first),
            "second": state(second),
            "settings": [settings(first), settings(second)],
            "out": second(torch.tanh(first(make.normal(2, inputs, 7, 7)))),
        }

    def unchanged():
        convs = two_convs(make, inputs, channels, outputs)
        new = []

        def prune_and_change():
            new.extend(solution.prune_channels(*convs, keep)[:2])
            with torch.no_grad():
                for parameter in (*new[0].parameters(), *new[1].parameters()):
                    parameter.add_(1.0)

        moved = changes(prune_and_change, *(parameter for conv in convs for parameter in conv.parameters()))
        return {
            "parameters": moved,
            "settings": [settings(conv) for conv in convs],
            "the same layers": [conv is other for conv, other in zip(new, convs, strict=True)],
        }

    return {
        "drawn": pruned,
        "without bias": lambda: pruned(bias=False),
        "stride and padding": lambda: pruned(stride=2, padding=(2, 1)),
        "dilation, circular padding": lambda: pruned(dilation=2, padding=2, padding_mode="circular"),
        "padding by name": lambda: pruned(padding="same"),
        "unchanged": unchanged,
    }


@check("values", points=5, part="prune_channels", tag="edge")
def leaves_out_only_zeros(solution, make):
    """The same function when the removed channels are zero; equal norms; ValueError; float64."""

    def same_function():
        first, second = two_convs(make, 2, 6, 3, padding=1)
        with torch.no_grad():
            first.weight[3] = 1.0
            first.weight[[0, 2, 5]] = 0.0
            first.bias[[0, 2, 5]] = 0.0
            first.weight[[1, 4]] = 0.5
        x = make.normal(2, 2, 5, 5)
        small = solution.prune_channels(first, second, 3)
        return {"before": second(torch.tanh(first(x))), "after": small[1](torch.tanh(small[0](x))), "kept": small[2]}

    def equal_norms(keep):
        first, second = two_convs(make, 1, 5, 1)
        with torch.no_grad():
            first.weight.copy_(
                torch.tensor([0.5, -1.0, 1.0, 0.25, -1.0], device=make.device).view(5, 1, 1, 1).expand_as(first.weight)
            )
        return solution.prune_channels(first, second, keep)[2]

    def many_equal_norms():  # so many that unstable sorts show
        first, second = two_convs(make, 1, 20, 1)
        with torch.no_grad():
            first.weight.fill_(0.5)
        return solution.prune_channels(first, second, 10)[2]

    def not_the_largest_number():
        first, second = nn.Conv2d(1, 2, 2, bias=False), nn.Conv2d(2, 1, 1)
        with torch.no_grad():
            first.weight.copy_(torch.tensor([[[[5.0, 0.0], [0.0, 0.0]]], [[[-2.0, 2.0], [-2.0, 2.0]]]]))
        convs = [conv.to(make.device, make.dtype) for conv in (first, second)]
        return solution.prune_channels(*convs, 1)[2]

    def float64():
        convs = [conv.double() for conv in two_convs(make, 1, 3, 2)]
        first, second, kept = solution.prune_channels(*convs, 2)
        return state(first), state(second), kept

    def on_the_device():
        first, second = two_convs(make, 1, 4, 1)
        _, _, kept = solution.prune_channels(first, second, 2)
        return (kept[:, None] == torch.arange(4, device=make.device)).sum(0)

    def bad(keep):
        return outcome(solution.prune_channels, *two_convs(make, 1, 3, 1), keep)

    return {
        "same function": same_function,
        "equal norms": lambda: [equal_norms(keep) for keep in (1, 2, 3, 4)],
        "many equal norms": many_equal_norms,
        "not the largest number": not_the_largest_number,
        "float64": float64,
        "device": on_the_device,
        "bad keep": lambda: [bad(keep) for keep in (0, 4, -1)],
    }


@check("gradient", points=5, part="prune_channels", channels=some.integers(2, 5), examples=6)
def goes_on_learning(solution, make, channels):
    """The new layers' parameters get gradients, the old ones' do not."""
    old = two_convs(make, 1, channels, 2)
    first, second, _ = solution.prune_channels(*old, channels - 1)
    x = make.normal(2, 1, 6, 6, requires_grad=True)
    (second(torch.tanh(first(x))) * make.normal(2, 2, 3, 3)).sum().backward()
    return {
        "first": gradients(first, x=x),
        "second": gradients(second),
        "old": [gradients(conv) for conv in old],
        "leaves": [parameter.is_leaf for conv in (first, second) for parameter in conv.parameters()],
    }


def rings(make):
    """Points of 16 features, of which two tell the class: four rings. The labels of the last 512 are hidden."""
    labels, angle = make.integers(0, 4, 1536), 6.2832 * make.uniform(1536)
    radius = 0.5 + labels + 0.12 * make.normal(1536)
    x = torch.stack([radius * angle.cos(), radius * angle.sin()], 1)
    x = torch.cat([x, 0.3 * make.normal(1536, 14)], 1)[:, make.permutation(16)]
    return {"x": x[:1024], "y": labels[:1024], "x_new": x[1024:]}, labels[1024:]


def small_and_good(evidence):
    predictions, zeros = evidence.got
    labels = evidence.hidden
    if not isinstance(predictions, torch.Tensor) or predictions.shape != labels.shape or not isinstance(zeros, float):
        return f"the network does not give {len(labels)} predictions"
    accuracy = float((predictions == labels).double().mean())
    sentence = f"accuracy {accuracy:.3f} (needs 0.9) with {zeros:.1%} of the weights 0 (needs 79.9%)"
    return Ruling(accuracy >= 0.9 and zeros >= 0.799, sentence)


@check("convergence", points=10, part="Pruner", task=rings, judged_by=small_and_good)
def recovers_from_pruning(solution, make, given):
    """A network is trained, pruned by 80 % and fine-tuned; accuracy on points it never saw."""
    net = nn.Sequential(nn.Linear(16, 48), nn.ReLU(), nn.Linear(48, 48), nn.ReLU(), nn.Linear(48, 4)).to(make.device)

    def loss(step):
        return nn.functional.cross_entropy(net(given["x"]), given["y"])

    minimise(loss, net.parameters(), steps=100, lr=0.01)
    pruner = solution.Pruner(net, 0.8)
    pruner.apply()
    minimise(loss, net.parameters(), steps=60, lr=0.01, after=pruner.step)
    weights = torch.cat([layer.weight.detach().flatten() for layer in net if isinstance(layer, nn.Linear)])
    with torch.no_grad():
        return net(given["x_new"]).argmax(1), float((weights == 0).double().mean())
