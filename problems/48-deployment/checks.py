"""What 48-deployment is judged on."""

import io
import os
import sys
import types
from pathlib import Path

import torch
from hypothesis import strategies as some
from torch import nn

from judge.checks import Raised, changes, check, modes, outcome, state


class Words(nn.Module):
    """(N, 5) integers below 9 -> (N, 3)."""

    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(9, 4)
        self.head = nn.Linear(4, 3)

    def forward(self, tokens):
        return self.head(self.embedding(tokens).mean(1))


class Flat(nn.Module):
    """(N, 2, 3) -> (N, 2); its reshape cannot do without rows."""

    def __init__(self):
        super().__init__()
        self.head = nn.Linear(6, 2)

    def forward(self, x):
        return self.head(x.reshape(x.shape[0], -1)).tanh()


class Crowd(nn.Module):
    """(N, 6) -> (N, 3): the last column says how many rows the model was given."""

    def __init__(self):
        super().__init__()
        self.head = nn.Linear(6, 2)

    def forward(self, x):
        return torch.cat([self.head(x), x.new_ones(x.shape[0], 1) * x.shape[0]], 1)


def perceptron():
    """(N, 6) -> (N, 3)."""
    return nn.Sequential(nn.Linear(6, 8), nn.BatchNorm1d(8), nn.Sequential(nn.Tanh(), nn.Dropout(0.5)), nn.Linear(8, 3))


def pictures():
    """(N, 1, 4, 4) -> (N, 2, 4, 4)."""
    return nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4), nn.Tanh(), nn.Dropout2d(0.5), nn.Conv2d(4, 2, 1)
    )


MODELS = {
    "BatchNorm and dropout": (perceptron, lambda make, rows: make.normal(rows, 6)),
    "pictures": (pictures, lambda make, rows: make.normal(rows, 1, 4, 4)),
    "integers": (Words, lambda make, rows: make.integers(0, 9, rows, 5)),
    "reshape": (Flat, lambda make, rows: make.normal(rows, 2, 3)),
}


def exported(solution, make, name="BatchNorm and dropout", rows=1, file="model.pt2"):
    """The path of the exported model, and a function that makes its inputs."""
    build, inputs = MODELS[name]
    model, path = make.filled(build()).train(), Path(make.folder) / file
    solution.export_model(model, inputs(make, rows), path)
    return path, lambda count: inputs(make, count)


@check("values", points=20)
def writes_a_program(solution, make):
    """The file is a program of torch.export, in evaluation mode, that runs with 1, 2 and 33 rows."""

    def run(name, rows, file="model.pt2"):
        path, inputs = exported(solution, make, name, rows, file)
        program = torch.export.load(io.BytesIO(path.read_bytes())).module()
        with torch.no_grad():
            return {f"{count} rows": program(inputs(count)) for count in (1, 2, 33)}

    return {
        "BatchNorm and dropout": lambda: run("BatchNorm and dropout", 3),
        "example of one row": lambda: run("BatchNorm and dropout", 1),
        "pictures": lambda: run("pictures", 1),
        "another suffix": lambda: run("reshape", 4, "model.bin"),
        "no suffix": lambda: run("reshape", 1, "model"),
    }


@check("values", points=20, rows=some.integers(0, 7), max_batch=some.integers(1, 4), examples=4)
def predicts_any_number_of_rows(solution, make, rows, max_batch):
    """Predictor: the outputs in evaluation mode, in the order of the rows."""
    path, inputs = exported(solution, make)
    return {
        "any number": lambda: solution.Predictor(path, max_batch)(inputs(rows)),
        "one more than two chunks": lambda: solution.Predictor(path, max_batch + 1)(inputs(2 * max_batch + 3)),
    }


THEIR_MODEL = """
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden, self.norm, self.head = nn.Linear(6, 8), nn.BatchNorm1d(8), nn.Linear(8, 3)
        self.dropout = nn.Dropout(0.5)

    def forward(self, x):
        return self.head(self.dropout(self.norm(self.hidden(x)).tanh()))
"""


def predicts_from_the_file(solution, make):
    """In a fresh process that has the file, and the model's class nowhere."""
    path = Path(make.folder) / "elsewhere" / "only.this"
    path.parent.mkdir()
    os.replace(Path(make.folder) / "model.pt2", path)
    predictor, x = solution.Predictor(path), make.normal(33, 6)
    return {
        "33 rows": lambda: predictor(x),
        "row by row": lambda: [predictor(x[row : row + 1]) for row in (0, 17, 32)],
        "no rows": lambda: predictor(x[:0]),
        "path is a str": lambda: solution.Predictor(str(path), 5)(x[:6]),
    }


@check("values", points=20, then=predicts_from_the_file)
def needs_the_file_alone(solution, make):
    """Exported in one process; 33 rows, single rows and none in a fresh one, without the model's class."""
    module = types.ModuleType("their_models")
    sys.modules["their_models"] = module
    exec(THEIR_MODEL, vars(module))
    model = make.filled(module.Net()).train()
    solution.export_model(model, make.normal(1, 6), os.path.join(make.folder, "model.pt2"))


@check("values", points=10)
def works_in_chunks(solution, make):
    """The program gets at most max_batch rows at a time, 32 by default, and every row an answer."""
    path = Path(make.folder) / "model.pt2"
    solution.export_model(make.filled(Crowd()), make.normal(2, 6), path)

    def run(rows, *max_batch):
        outputs = solution.Predictor(path, *max_batch)(make.normal(rows, 6))
        most = max_batch[0] if max_batch else 32
        return {"outputs": outputs[:, :2], "rows at a time": bool((outputs[:, 2] <= most).all())}

    return {
        "33 rows, default": lambda: run(33),
        "100 rows, default": lambda: run(100),
        "9 rows, at most 4": lambda: run(9, 4),
        "8 rows, at most 4": lambda: run(8, 4),
        "3 rows, at most 1": lambda: run(3, 1),
    }


class Fails(nn.Module):
    def forward(self, x):
        raise RuntimeError("this model cannot run")


@check("values", points=10)
def leaves_the_model_alone(solution, make):
    """Modes of all modules, parameters, statistics and example are as before, modes also after a failure."""

    def model_in(prepare):
        model = make.filled(perceptron())
        prepare(model)
        return model

    def after(prepare):
        model, example = model_in(prepare), make.normal(3, 6)
        moved = changes(lambda: solution.export_model(model, example, Path(make.folder) / "model.pt2"), example)
        return {"modes": modes(model), "state": state(model), "example": moved}

    def after_failure(prepare, broken):
        exported(solution, make)
        model, file = model_in(prepare), "model.pt2"
        if broken == "model":
            model.append(Fails())
        else:
            file = "nowhere/model.pt2"
        result = outcome(solution.export_model, model, make.normal(2, 6), Path(make.folder) / file)
        return {"an error": isinstance(result, Raised), "modes": modes(model)}

    return {
        "training": lambda: after(lambda model: model.train()),
        "evaluation": lambda: after(lambda model: model.eval()),
        "part in evaluation": lambda: after(lambda model: model.train()[1].eval()),
        "part in training": lambda: after(lambda model: model.eval()[2].train()),
        "model fails": lambda: after_failure(lambda model: model.train()[1].eval(), "model"),
        "folder does not exist": lambda: after_failure(lambda model: model.train(), "folder"),
    }


@check("values", points=10, tag="edge")
def follows_the_contract(solution, make):
    """No rows, no gradients, float64, inputs unchanged, ValueError for max_batch < 1."""

    def no_rows(name):
        path, inputs = exported(solution, make, name)
        return solution.Predictor(path, 4)(inputs(0))

    def no_gradients():
        path, inputs = exported(solution, make)
        predictor, x = solution.Predictor(path, 4), inputs(6)
        moved = changes(lambda: predictor(x), x)
        outputs = predictor(x.clone().requires_grad_())
        return {"outputs": outputs.detach(), "with a graph": outputs.requires_grad, "input": moved}

    def in_float64():
        path = Path(make.folder) / "model.pt2"
        solution.export_model(make.filled(perceptron()).double(), make.normal(1, 6, dtype=torch.float64), path)
        predictor = solution.Predictor(path, 4)
        return [predictor(make.normal(rows, 6, dtype=torch.float64)) for rows in (6, 0)]

    def bad_max_batch():
        path, inputs = exported(solution, make)
        made = lambda number: type(solution.Predictor(path, max_batch=number)).__name__  # noqa: E731
        return solution.Predictor(path, max_batch=1)(inputs(2)), [outcome(made, number) for number in (0, -1)]

    return {
        "no rows, pictures": lambda: no_rows("pictures"),
        "no rows, integers": lambda: no_rows("integers"),
        "no rows, reshape": lambda: no_rows("reshape"),
        "no gradients": no_gradients,
        "float64": in_float64,
        "max_batch": bad_max_batch,
    }


@check("timing", points=10, limit=5.0)
def at_2000_rows(solution, make):
    """Time of 2000 rows, 250 at a time, against the reference's."""
    path, inputs = exported(solution, make)
    predictor, x = solution.Predictor(path, 250), inputs(2000)
    return lambda: predictor(x)
