"""What 40-model-visualization is judged on."""

import os
from pathlib import Path

import torch
from hypothesis import strategies as some
from torch import nn
from torch.nn import functional

from judge.checks import Raised, changes, check, gradients, modes, outcome, state

NEEDS = ["onnx", "onnxscript", "onnxruntime"]

LAYERS = {
    "linear": lambda: nn.Linear(4, 4),
    "no bias": lambda: nn.Linear(4, 4, bias=False),
    "norm": lambda: nn.LayerNorm(4),
    "batch norm": lambda: nn.BatchNorm1d(4),
    "tanh": nn.Tanh,
    "nested": lambda: nn.Sequential(nn.Linear(4, 4), nn.Sequential(nn.Dropout(0.2), nn.Tanh())),
}


class Branches(nn.Module):
    """(N, 4) -> (N, 6); the modules run in another order than they are written in."""

    def __init__(self):
        super().__init__()
        self.head = nn.Linear(5, 6)
        self.unused = nn.Linear(9, 9)
        self.branches = nn.ModuleDict({"right": nn.Linear(4, 3), "left": nn.Sequential(nn.Linear(4, 2), nn.Tanh())})

    def forward(self, x):
        left = self.branches["left"](x)
        return self.head(input=torch.cat([left, functional.relu(self.branches["right"](x))], 1))


def pictures():
    """(N, 1, 6, 6) -> (N, 3)."""
    return nn.Sequential(
        nn.Sequential(nn.Conv2d(1, 2, 3, padding=1), nn.BatchNorm2d(2), nn.ReLU(inplace=True), nn.MaxPool2d(2)),
        nn.Sequential(nn.Conv2d(2, 4, 2, stride=2), nn.GELU(), nn.AdaptiveAvgPool2d(1)),
        nn.Flatten(),
        nn.Linear(4, 3),
    )


@check("values", points=20, rows=some.integers(2, 4), layers=some.lists(some.sampled_from(sorted(LAYERS)), max_size=4))
def lists_the_calls(solution, make, rows, layers):
    """One row per call of a leaf module, in the order of execution: name, type, output shape, parameters."""

    def chain():
        model = nn.Sequential(*[LAYERS[layer]() for layer in layers], nn.Linear(4, 3))
        return solution.layer_summary(make.filled(model), make.normal(rows, 4))

    return {
        "a chain": chain,
        "another order": lambda: solution.layer_summary(make.filled(Branches()), make.normal(rows, 4)),
        "pictures": lambda: solution.layer_summary(make.filled(pictures()), make.normal(rows, 1, 6, 6)),
    }


class Block(nn.Module):
    """(N, 4) -> (N, 4), with a parameter of its own around its layers."""

    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(4))
        self.inner = nn.Sequential(nn.Linear(4, 4), nn.Tanh())

    def forward(self, x):
        return x + self.scale * self.inner(x)


class Reused(nn.Module):
    """One Linear under two names, a norm in a loop, a block that is two blocks."""

    def __init__(self):
        super().__init__()
        self.norm = nn.LayerNorm(4)
        self.encoder = nn.ModuleDict({"project": nn.Linear(4, 4)})
        self.decoder = nn.ModuleDict({"project": self.encoder["project"]})
        self.blocks = nn.ModuleList([Block()] * 2)
        self.head = nn.Linear(4, 2)

    def forward(self, x):
        for layer in (self.decoder["project"], *self.blocks, self.encoder["project"]):
            x = self.norm(layer(x))
        return self.head(self.norm(x[:, None]))


@check("values", points=15, times=some.integers(1, 3))
def lists_every_call_of_a_reused_module(solution, make, times):
    """Modules called several times or known under several names; parameters are counted at the first call."""

    def sequence():
        layer, tanh = nn.Linear(4, 4), nn.Tanh()
        return nn.Sequential(*[layer, tanh] * times, nn.Linear(4, 4), layer)

    return {
        "in a Sequential": lambda: solution.layer_summary(make.filled(sequence()), make.normal(2, 4)),
        "nested, under two names": lambda: solution.layer_summary(make.filled(Reused()), make.normal(2, 4)),
        "twice the same": lambda: [
            solution.layer_summary(model, make.normal(rows, 4)) for model in [make.filled(Reused())] for rows in (2, 3)
        ],
    }


class Pair(nn.Module):
    """Two inputs, of which one goes through a recurrent layer, and its answer is a tuple."""

    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(9, 3)
        self.lstm = nn.LSTM(3, 4, batch_first=True)
        self.score = nn.Bilinear(4, 2, 1)

    def forward(self, tokens, x):
        outputs, (hidden, _) = self.lstm(self.embedding(tokens))
        return outputs, self.score(hidden[0], x)


class Statistics(nn.Module):
    """A leaf whose answer is a tuple that does not begin with a tensor."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(4, 2))

    def forward(self, x):
        return "mean", None, (x @ self.weight).mean(), x


class Outer(nn.Module):
    def __init__(self):
        super().__init__()
        self.statistics, self.last = Statistics(), nn.Identity()

    def forward(self, x):
        return self.last(self.statistics(x)[3])


def frozen():
    model = nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3), nn.Linear(3, 2))
    model[0].requires_grad_(False)
    model[2].bias.requires_grad_(False)
    return model


@check("values", points=10, tag="edge")
def follows_the_contract(solution, make):
    """Tuples, several inputs, frozen parameters, buffers, a model that is a leaf, float64, shapes as tuples."""

    def kinds():
        rows = solution.layer_summary(make.filled(nn.Linear(4, 3)), make.normal(2, 4))
        return [type(rows) is list, [isinstance(row["output_shape"], tuple) for row in rows]]

    def integers_unchanged():
        tokens, x = make.integers(0, 9, 2, 5), make.normal(2, 2)
        return changes(lambda: solution.layer_summary(make.filled(Pair()), tokens, x), tokens, x)

    return {
        "LSTM, two inputs": lambda: solution.layer_summary(
            make.filled(Pair()), make.integers(0, 9, 2, 5), make.normal(2, 2)
        ),
        "tuple of several things": lambda: solution.layer_summary(make.filled(Outer()), make.normal(2, 4)),
        "frozen, buffers": lambda: solution.layer_summary(make.filled(frozen()), make.normal(5, 4)),
        "the model is a leaf": lambda: solution.layer_summary(make.filled(nn.Linear(4, 3)), make.normal(2, 7, 4)),
        "an empty Sequential": lambda: solution.layer_summary(
            make.filled(nn.Sequential(nn.Linear(4, 3), nn.Sequential(nn.Sequential()))), make.normal(2, 4)
        ),
        "float64": lambda: solution.layer_summary(make.filled(frozen()).double(), make.normal(5, 4).double()),
        "shapes are tuples": kinds,
        "inputs": integers_unchanged,
    }


class Fails(nn.Module):
    def forward(self, x):
        raise RuntimeError("this layer cannot run")


def trained(make):
    """(N, 6) -> (N, 3), with gradients; a part of it is in evaluation mode."""
    model = nn.Sequential(
        nn.Linear(6, 8),
        nn.BatchNorm1d(8),
        nn.Sequential(nn.Tanh(), nn.Dropout(0.5)),
        nn.BatchNorm1d(8),
        nn.Linear(8, 3),
    )
    make.filled(model).train()
    model[3].eval()
    for parameter in model.parameters():
        parameter.grad = make.normal(*parameter.shape)
    return model


def hooks(model):
    """How many hooks each module has, and the attributes that it has by itself."""
    return {
        name: (len(module._forward_hooks) + len(module._forward_pre_hooks), sorted(vars(module)))
        for name, module in model.named_modules()
    }


def as_it_is(model):
    return {"modes": modes(model), "state": state(model), "gradients": gradients(model)}


@check("values", points=20)
def leaves_no_trace(solution, make):
    """The model's modes, hooks, gradients and statistics are as before, also when the forward fails."""

    def after(prepare=lambda model: None):
        model = trained(make)
        prepare(model)
        solution.layer_summary(model, make.normal(5, 6))
        return as_it_is(model)

    def own_hooks():
        model, calls = trained(make), []
        model[0].register_forward_hook(lambda *_: calls.append("linear"))
        model.register_forward_pre_hook(lambda *_: calls.append("model"))
        before = hooks(model)
        rows = solution.layer_summary(model, make.normal(5, 6))
        listed, heard = len(rows), len(calls)
        same = {name: now == before[name] for name, now in hooks(model).items()}
        model(make.normal(2, 6))
        return {"same": same, "heard afterwards": calls[heard:], "rows added afterwards": len(rows) - listed}

    def failure(*shape, broken):
        model = trained(make)
        if broken:
            model.insert(4, Fails())
        before = hooks(model)
        error = outcome(solution.layer_summary, model, make.normal(*shape))
        same = {name: now == before[name] for name, now in hooks(model).items()}
        return {"error": error, "hooks": same, **as_it_is(model)}

    return {
        "half in training": after,
        "training": lambda: after(lambda model: model.train()),
        "evaluation": lambda: after(lambda model: model.eval()),
        "hooks": own_hooks,
        "a layer fails": lambda: failure(5, 6, broken=True),
        "input of the wrong shape": lambda: failure(5, 7, broken=False),
    }


class Classifier(nn.Module):
    """(N, 6) -> (N, 3): scores while it trains, probabilities afterwards."""

    def __init__(self):
        super().__init__()
        self.hidden, self.norm, self.head = nn.Linear(6, 8), nn.BatchNorm1d(8), nn.Linear(8, 3)
        self.dropout = nn.Dropout(0.5)

    def forward(self, x):
        scores = self.head(self.dropout(self.norm(self.hidden(x)).tanh()))
        return scores if self.training else scores.softmax(1)


class Words(nn.Module):
    """(N, 5) integers below 9 -> (N, 3): a convolution over embeddings, and a reshape that needs the batch size."""

    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(9, 4)
        self.convolution = nn.Conv1d(4, 6, 2)
        self.norm = nn.BatchNorm1d(6)
        self.head = nn.Linear(24, 3)

    def forward(self, tokens):
        x = self.norm(self.convolution(self.embedding(tokens).transpose(1, 2)))
        return self.head(x.relu().reshape(x.shape[0], -1))


def session_of(content):
    """onnxruntime with the file's bytes alone: there is no folder in which it could find more."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])


def answer(session, x):
    return torch.from_numpy(session.run(None, {session.get_inputs()[0].name: x.cpu().numpy()})[0])


@check("values", points=25, needs=NEEDS)
def writes_one_file_that_runs(solution, make):
    """One ONNX file in evaluation mode, right by itself, with any batch size, input "input" and output "output"."""
    folder = Path(make.folder) / "export"
    folder.mkdir(exist_ok=True)
    model, example = make.filled(Classifier()).float().train(), make.normal(1, 6).float()
    solution.export_onnx(model, example, folder / "model.onnx")

    def checked():
        import onnx

        onnx.checker.check_model(onnx.load_from_string((folder / "model.onnx").read_bytes()))
        return True

    def names():
        import onnx

        graph = onnx.load_from_string((folder / "model.onnx").read_bytes()).graph
        return [entry.name for entry in graph.input], [entry.name for entry in graph.output]

    def outputs():
        session = session_of((folder / "model.onnx").read_bytes())
        return {f"{count} rows": answer(session, make.normal(count, 6).float()) for count in (1, 2, 7)}

    def integers():
        path = os.path.join(make.folder, "words.onnx")
        solution.export_onnx(make.filled(Words()).float().eval(), make.integers(0, 9, 3, 5), path)
        session = session_of(Path(path).read_bytes())
        return {f"{count} rows": answer(session, make.integers(0, 9, count, 5)) for count in (1, 3, 8)}

    return {
        "files": lambda: sorted(os.listdir(folder)),
        "onnx's checker": checked,
        "names": names,
        "outputs": outputs,
        "integers, path is a str": integers,
    }


@check("values", points=10, needs=NEEDS)
def leaves_the_exported_model_alone(solution, make):
    """Modes, parameters, statistics and example are as before an export, modes also after one that failed."""
    model, example = trained(make).float(), make.normal(3, 6).float()
    moved = changes(lambda: solution.export_onnx(model, example, Path(make.folder) / "model.onnx"), example)

    def after_failure():
        broken = trained(make).float().append(Fails())
        result = outcome(solution.export_onnx, broken, example, Path(make.folder) / "broken.onnx")
        return {"an error": isinstance(result, Raised), "modes": modes(broken)}

    return {
        "exported": {"modes": modes(model), "state": state(model), "example": moved},
        "the model fails": after_failure,
    }
