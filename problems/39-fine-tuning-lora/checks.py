"""What 39-fine-tuning-lora is judged on."""

import math

import torch
from hypothesis import strategies as some
from torch import nn

from judge.checks import (
    Ruling,
    batch_of,
    changes,
    check,
    gradients,
    minimise,
    moments,
    names_and_shapes,
    outcome,
    state,
    uniform_between,
)

SIZES = {"inputs": some.integers(2, 6), "outputs": some.integers(2, 6), "rank": some.integers(1, 2)}


def linear(make, inputs, outputs, bias=True):
    return make.filled(nn.Linear(inputs, outputs, bias=bias))


def adapter(solution, make, *sizes, rank=2, alpha=3.0, bias=True, **options):
    """A LoRALinear whose base and factors are filled, so that B is not 0."""
    return make.filled(solution.LoRALinear(nn.Linear(*sizes, bias=bias), rank, alpha, **options))


@check("shape", points=5, part="LoRALinear", **SIZES)
def has_the_right_names(solution, make, inputs, outputs, rank):
    """Keys and shapes, with and without bias; output for any leading dimensions."""
    layer = solution.LoRALinear(linear(make, inputs, outputs), rank, 2.0)
    return {
        "keys": lambda: names_and_shapes(layer),
        "keys without bias": lambda: names_and_shapes(
            solution.LoRALinear(linear(make, inputs, outputs, bias=False), rank, 2.0)
        ),
        "parameters": lambda: sorted(name for name, _ in layer.named_parameters()),
        "outputs": lambda: [layer(make.normal(*shape, inputs)).shape for shape in ((), (3,), (2, 3), (0,))],
    }


@check("values", points=15, part="LoRALinear", alpha=some.sampled_from([1.0, 0.5, 8, 16.0]), **SIZES)
def adds_the_low_rank_path(solution, make, inputs, outputs, rank, alpha):
    """base(x) + alpha / rank x A^T B^T, in evaluation and without dropout; x unchanged."""

    def layer(**options):
        return adapter(solution, make, inputs, outputs, rank=rank, alpha=alpha, **options)

    x = make.normal(3, inputs)
    return {
        "unchanged input": lambda: changes(lambda: layer(dropout=0.5)(x), x),
        "plain": lambda: layer()(x),
        "without bias": lambda: layer(bias=False)(x),
        "one row": lambda: layer()(x[0]),
        "training, no dropout": lambda: layer(dropout=0.0).train()(x),
        "evaluation, dropout": lambda: layer(dropout=0.5).eval()(x),
        "float64": lambda: layer().double()(x.double()),
    }


@check("values", points=10, part="LoRALinear", **SIZES)
def starts_as_the_base(solution, make, inputs, outputs, rank):
    """A new layer gives what its base gives; it takes the base's dtype, device and mode, and freezes it."""
    x = make.normal(3, inputs)

    def new(base):
        return solution.LoRALinear(base, rank, 4.0, 0.25)

    def output(layer, x):
        return layer(x), layer.lora_B

    def factors(dtype):
        layer = new(linear(make, inputs, outputs).to(dtype))
        return layer.lora_B, torch.zeros_like(layer.lora_A)

    return {
        "training": lambda: output(new(linear(make, inputs, outputs)), x),
        "evaluation": lambda: output(new(linear(make, inputs, outputs).eval()), x),
        "factors for float64": lambda: factors(torch.float64),
        "factors for bfloat16": lambda: factors(torch.bfloat16),
        "mode": lambda: [new(linear(make, inputs, outputs).train(mode)).training for mode in (True, False)],
        "learns": lambda: {name: p.requires_grad for name, p in new(linear(make, inputs, outputs)).named_parameters()},
    }


def uniform_as_in_linear(evidence):
    got, sizes = evidence.got, [(40, 100), (40, 100), (4, 2000)]
    shapes = [tuple(factor.shape) if isinstance(factor, torch.Tensor) else None for factor in got]
    if shapes != sizes:
        return f"lora_A of three layers should have the shapes {sizes}"
    if bool((got[0] == got[1]).all()):
        return "two layers got the same lora_A; each draws its own"
    for factor in got:
        bound = 1 / math.sqrt(factor.shape[1])
        if complaint := uniform_between(factor, -bound, bound, f"the entries of lora_A for {factor.shape[1]} inputs"):
            return complaint
    return None


@check("values", points=5, part="LoRALinear", judged_by=uniform_as_in_linear)
def draws_a(solution, make):
    """lora_A is Kaiming-uniform with a = sqrt(5): between -1 / sqrt(in) and 1 / sqrt(in)."""
    layers = [(40, 100, 50), (40, 100, 50), (4, 2000, 10)]
    return [
        solution.LoRALinear(nn.Linear(inputs, outputs).to(make.device, make.dtype), rank, 1.0).lora_A
        for rank, inputs, outputs in layers
    ]


RATE, FEATURES = 0.25, 8


def drops_features_of_x(evidence):
    """Every output is the sum of what was kept of 1, 2, 4, ... 128, over 1 - RATE, plus what the base gives."""
    got = evidence.got
    if not isinstance(got, torch.Tensor) or got.shape != (600, 8):
        return "the layer did not return a tensor of shape (600, 8)"
    sums = (got.double() - 1000) * (1 - RATE)
    if float((sums - sums[:, :1]).abs().max()) > 0.01:
        return "dropout changes the result, feature by feature; on the low-rank path it belongs on x, before A"
    if bool((sums[:, 0] < -0.01).any()) or bool((sums[:, 0] > 255.01).any()):
        return "in training the base path changes, too; dropout belongs on the low-rank path only"
    whole = sums[:, 0].round()
    if float((sums[:, 0] - whole).abs().max()) > 0.01:
        return f"with dropout {RATE} in training, each feature of x should be 0 or 1 / {1 - RATE} of itself"
    kept = (whole.long()[:, None] >> torch.arange(FEATURES)) & 1
    if bool((kept == kept[:, :1]).all()):
        return "all features of x share one draw; each should be dropped by itself"
    if bool((kept == kept[:1]).all()):
        return "all rows share one draw; each feature of each row should be dropped by itself"
    return moments(kept.double(), 1 - RATE, math.sqrt(RATE * (1 - RATE)), "the kept features of x", kurtosis=2.34)


@check("values", points=5, part="LoRALinear", judged_by=drops_features_of_x)
def drops_inputs_of_the_low_rank_path(solution, make):
    """In training, dropout falls on x before A, and not on the base path."""
    layer = solution.LoRALinear(nn.Linear(FEATURES, 8).to(make.device, make.dtype), 2, 2.0, dropout=RATE).train()
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.zero_()
        layer.base.weight.fill_(1000 / 255)  # the base gives 1000
        layer.lora_A[0] = 1.0
        layer.lora_B[:, 0] = 1.0
        return layer(2.0 ** torch.arange(FEATURES, device=make.device).to(make.dtype).expand(600, -1))


@check("values", points=10, part="LoRALinear", **SIZES)
def merges(solution, make, inputs, outputs, rank):
    """merge: a new nn.Linear with the same output, whatever dropout and mode; the layer stays as it was."""
    x = make.normal(3, inputs)

    def layer(**options):
        return adapter(solution, make, inputs, outputs, rank=rank, alpha=5.0, **options)

    def merged(whole):
        before = state(whole)
        result = whole.merge()
        moved = {name: tensor - before[name] for name, tensor in state(whole).items()}
        flags = {name: parameter.requires_grad for name, parameter in whole.named_parameters()}
        return {
            "a Linear": [isinstance(result, nn.Linear), names_and_shapes(result)],
            "output": result(x.to(result.weight.dtype)),
            "layer": {"moved": moved, "learns": flags, "training": whole.training},
        }

    def independent():
        whole = layer()
        result = whole.merge()
        own = [parameter for _, parameter in sorted(whole.named_parameters())]
        return changes(lambda: [parameter.data.add_(1) for parameter in result.parameters()], *own)

    def twice():
        whole = layer()
        return [whole.merge()(x), whole.merge()(x), whole.eval()(x)]

    return {
        "plain": lambda: merged(layer()),
        "without bias": lambda: merged(layer(bias=False)),
        "training, dropout": lambda: merged(layer(dropout=0.5).train()),
        "float64": lambda: merged(layer().double()),
        "twice": twice,
        "parameters of its own": independent,
    }


@check("gradient", points=10, part="LoRALinear", **SIZES)
def learns_only_the_factors(solution, make, inputs, outputs, rank):
    """Gradients of A, B and x; none for the base."""

    def run(layer, *shape):
        x = make.normal(*shape, inputs, requires_grad=True)
        out = layer(x)
        (out * make.normal(*out.shape)).sum().backward()
        return gradients(layer, x=x)

    return {
        "plain": lambda: run(adapter(solution, make, inputs, outputs, rank=rank), 2, 3),
        "evaluation": lambda: run(adapter(solution, make, inputs, outputs, rank=rank, dropout=0.5).eval(), 2),
        "without bias": lambda: run(adapter(solution, make, inputs, outputs, rank=rank, bias=False), 2),
    }


@check("values", points=5, tag="edge", part="LoRALinear")
def refuses_bad_ranks(solution, make):
    """rank below 1 or above min(in, out): ValueError."""

    def build(rank, inputs=3, outputs=5):
        layer = outcome(solution.LoRALinear, linear(make, inputs, outputs), rank, 1.0)
        return names_and_shapes(layer) if isinstance(layer, nn.Module) else layer

    return {
        "0": lambda: build(0),
        "-1": lambda: build(-1),
        "above in": lambda: build(4),
        "above out": lambda: build(4, 5, 3),
        "just right": lambda: [build(3), build(3, 5, 3), build(1, 1, 4)],
        "inject_lora": lambda: outcome(solution.inject_lora, Net(), ["query"], 5, 1.0),
    }


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.query, self.key, self.value = nn.Linear(4, 4), nn.Linear(4, 4, bias=False), nn.Linear(4, 6)
        self.mix = nn.Sequential(nn.LayerNorm(6), nn.Linear(6, 4))

    def forward(self, x):
        return x + self.mix(self.value(self.query(x).tanh() * self.key(x)))


class Net(nn.Module):
    """Linears at several depths, among modules and parameters whose names are like theirs."""

    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(4))
        self.key = nn.LayerNorm(4)  # not a Linear, but called like one
        self.query_head = nn.Linear(4, 3)
        self.blocks = nn.ModuleList([Block(), Block()])

    def forward(self, x):
        x = self.key(x * self.scale)
        for block in self.blocks:
            x = block(x)
        return self.query_head(x)


def wrapped(solution, model):
    """The names of all LoRALinear modules, each at every place where it is used."""
    modules = model.named_modules(remove_duplicate=False)
    return sorted(name for name, module in modules if isinstance(module, solution.LoRALinear))


def flags(model):
    return {name: parameter.requires_grad for name, parameter in model.named_parameters(remove_duplicate=False)}


def look(solution, make, model, answer=None):
    """What injection did: the answer, the wrapped names, what still learns, the output once everything is filled."""
    places, learning, keys = wrapped(solution, model), flags(model), names_and_shapes(model)
    with torch.no_grad():
        output = make.filled(model).eval()(make.normal(3, 4))
    return {"answer": answer, "wrapped": places, "learns": learning, "keys": keys, "output": output}


TARGETS = some.lists(some.sampled_from(["query", "key", "value", "1", "query_head", "mix"]), max_size=3, unique=True)


@check("values", points=15, part="inject_lora", more=TARGETS, rank=some.integers(1, 3))
def injects(solution, make, more, rank):
    """Wraps every Linear whose last name is a target, freezes everything else, counts."""
    targets = ["query", *more]

    def run():
        model = make.filled(Net())
        return look(solution, make, model, solution.inject_lora(model, targets, rank, 2.0, 0.5))

    def same_output():
        model, x = make.filled(Net()).eval(), make.normal(3, 4)
        before = model(x)
        solution.inject_lora(model, tuple(targets), rank, 2.0)
        return before, model(x)

    def float64():
        model = make.filled(Net()).double()
        solution.inject_lora(model, targets, rank, 2.0)
        return model(make.normal(3, 4).double()).detach()

    def dropout():
        model, x = Net().to(make.device, make.dtype), make.normal(16, 4)
        solution.inject_lora(model, ["query", "query_head"], 2, 2.0, dropout=0.5)
        model = make.filled(model)
        return {
            mode: bool((model.train(mode == "training")(x) != model(x)).any()) for mode in ("training", "evaluation")
        }

    return {"wrapped": run, "output as before": same_output, "float64": float64, "two calls differ, dropout": dropout}


class Shared(nn.Module):
    """One Linear in three places, one of them under another name, and a block that is used twice."""

    def __init__(self):
        super().__init__()
        self.first = nn.ModuleDict({"query": nn.Linear(4, 4)})
        self.query = self.first["query"]
        self.out = self.first["query"]
        self.blocks = nn.ModuleList([Block()] * 2)

    def forward(self, x):
        for layer in (self.first["query"], self.query, *self.blocks, self.out):
            x = layer(x).tanh()
        return x


@check("values", points=10, tag="edge", part="inject_lora")
def takes_care(solution, make):
    """Shared layers stay shared, nothing is wrapped twice or half, earlier factors still learn, modes are kept."""
    inject = solution.inject_lora

    def shared():
        model = make.filled(Shared())
        count = inject(model, ["query"], 2, 2.0)
        kinds = {name: id(module) for name, module in model.named_modules(remove_duplicate=False)}
        same = [kinds["query"] == kinds[other] for other in ("first.query", "out")]
        return look(solution, make, model, [count, same, kinds["blocks.0.query"] == kinds["blocks.1.query"]])

    def two_injections(first, second):
        model = make.filled(Net())
        counts = [inject(model, first, 2, 2.0), inject(model, second, 1, 3.0)]
        return look(solution, make, model, counts)

    def nothing(targets, before=()):
        model = make.filled(Net())
        if before:
            inject(model, list(before), 1, 1.0)
        return look(solution, make, model, outcome(inject, model, targets, 2, 2.0))

    def by_hand():
        model = nn.Sequential(solution.LoRALinear(linear(make, 4, 4), 2, 1.0), linear(make, 4, 4))
        return look(solution, make, model, outcome(inject, model, ["base"], 2, 2.0))

    def mode():
        model = make.filled(Net()).train()
        model.blocks[1].eval()
        inject(model, ["query", "value"], 2, 2.0, 0.5)
        return [(name, model.get_submodule(name).training) for name in wrapped(solution, model)]

    return {
        "shared": shared,
        "two injections": lambda: two_injections(["query"], ["value", "query"]),
        "base is a target": lambda: two_injections(["query"], ["base", "key"]),
        "only base is a target": by_hand,
        "nothing matches": lambda: nothing(["queries"]),
        "not a Linear": lambda: nothing(["mix"]),
        "no targets": lambda: nothing([]),
        "nothing left": lambda: nothing(["query"], before=["query"]),
        "mode": mode,
    }


class Named(nn.Module):
    """Entries that only look like factors, around layers of which one is used twice."""

    def __init__(self, solution):
        super().__init__()
        self.lora_norm = nn.LayerNorm(4)
        self.lora_A = nn.Parameter(torch.ones(4))
        self.one = solution.LoRALinear(nn.Linear(4, 4), 2, 3.0)
        self.deep = nn.Sequential(nn.Tanh(), nn.ModuleDict({"two": self.one}))
        self.deep[1]["three"] = solution.LoRALinear(nn.Linear(4, 4, bias=False), 1, 3.0)


@check("values", points=5, part="lora_state_dict")
def collects_the_factors(solution, make):
    """A and B of every LoRALinear, and nothing else, under the names of model.state_dict()."""

    def carried_over():
        model, other = make.filled(Net()), make.filled(Net())
        for net in (model, other):
            solution.inject_lora(net, ["query", "1"], 2, 2.0)
        with torch.no_grad():
            for _, parameter in sorted(model.named_parameters()):
                if parameter.requires_grad:  # in the order of their names, which is the same for everybody
                    parameter.copy_(make.normal(*parameter.shape))
        lost = other.load_state_dict(solution.lora_state_dict(model), strict=False).unexpected_keys
        x = make.normal(3, 4)
        return list(lost), model(x), other(x)

    return {
        "names alike, shared": lambda: dict(solution.lora_state_dict(make.filled(Named(solution)))),
        "the model is a LoRALinear": lambda: dict(solution.lora_state_dict(adapter(solution, make, 3, 4))),
        "none": lambda: dict(solution.lora_state_dict(Net())),
        "carried over": carried_over,
    }


class Mlp(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1, self.fc2, self.head = nn.Linear(16, 128), nn.Linear(128, 128), nn.Linear(128, 2)

    def forward(self, x):
        return self.head(self.fc2(self.fc1(x).tanh()).tanh())


def a_network_that_changed(make):
    """A trained network, and examples of what it should do now; a low-rank change away, but which is not told."""
    trained = make.filled(Mlp(), scale=1.5)
    x = make.normal(768, 16)
    with torch.no_grad():
        before = trained(x)
        known = state(trained)
        for layer in (trained.fc1, trained.fc2):
            layer.weight += 0.3 * make.normal(128, 1) @ make.normal(1, layer.in_features) / layer.in_features**0.5
        after = trained(x)
    return {"state": known, "x": x[:512], "y": after[:512], "x_new": x[512:]}, (before[512:], after[512:])


def adapted(evidence):
    answer = evidence.got[0] if isinstance(evidence.got, tuple) else None
    before, after = evidence.hidden
    if not isinstance(answer, dict) or not isinstance(answer.get("predictions"), torch.Tensor):
        return "the network gave no predictions"
    predictions, learning, total = answer["predictions"], answer["learning"], answer["total"]
    if predictions.shape != after.shape:
        return f"the predictions have shape {tuple(predictions.shape)}, expected {tuple(after.shape)}"
    if not 0 < learning < 0.05 * total:
        return f"{learning} of {total} parameters learn, should be less than 5 %"
    share = float((predictions.double() - after).square().mean() / (before.double() - after).square().mean())
    return Ruling(share <= 0.25, f"error after adapting, over that before {share:.2g}, may be at most 0.25")


@check("convergence", points=5, part="inject_lora", task=a_network_that_changed, judged_by=adapted)
def adapts_with_few_parameters(solution, make, given):
    """Adapts a trained network with less than 5 % of its parameters; error on inputs it never saw."""
    model = Mlp().to(make.device)
    model.load_state_dict(given["state"])
    total = sum(parameter.numel() for parameter in model.parameters())
    solution.inject_lora(model, ["fc1", "fc2"], 2, 4.0)
    learning = [parameter for parameter in model.parameters() if parameter.requires_grad]

    def loss(step):
        x, y = batch_of(given, step, 128)
        return (model(x) - y).square().mean()

    curve = minimise(loss, learning, 200, lr=0.02) if learning else []
    with torch.no_grad():
        predictions = model(given["x_new"])
    return {"predictions": predictions, "learning": sum(p.numel() for p in learning), "total": total}, curve
