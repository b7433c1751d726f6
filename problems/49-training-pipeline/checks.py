"""What 49-training-pipeline is judged on."""

import io
import os
import pickle
from pathlib import Path

import numpy
import torch

from judge.checks import Raised, at_least, check, outcome

SCALES = (1.0, 1e4, 1e-4, 100.0, 1.0, 1e-2, 1e6, 3.0)
OFFSETS = (0.0, 3e6, 0.0, -5e4, 400.0, 1.0, 1e9, 0.0)
NAN = float("nan")


def table(make, labels, missing=0.1):
    """(N, 8) rows of columns of wildly different scales, with gaps; up to 7 classes, equally far apart."""
    pair = torch.tensor([[1.0, 1.0], [1.0, -1.0]])
    signs = torch.kron(torch.kron(pair, pair), pair)[1:]  # (7, 8), orthogonal
    rows = 1.5 * make.tensor(signs)[labels] + make.normal(len(labels), 8)
    rows = rows * make.tensor(SCALES) + make.tensor(OFFSETS)
    return rows.masked_fill(make.mask(len(labels), 8, share=missing, at_least_one=False), NAN)


def path_in(make, name="pipeline.pt"):
    return Path(make.folder) / name


def share_right(predictions, labels):
    return float((predictions == labels).double().mean())


def classes_of_equal_size(make):
    labels = make.integers(0, 4, 900)
    x = table(make, labels)
    return {"x": x[:500], "y": labels[:500], "x_new": x[500:]}, labels[500:]


def rare_classes(make):
    labels = torch.multinomial(torch.tensor([0.8, 0.15, 0.05]), 1400, True, generator=make.generator())
    labels[:15] = torch.arange(15) % 3  # none is missing
    labels[800:815] = torch.arange(15) % 3
    x = table(make, labels)
    return {"x": x[:800], "y": labels[:800], "x_new": x[800:]}, labels[800:]


def balanced_accuracy(predictions, labels):
    """The mean over the classes of the share of their rows that are predicted right."""
    if not isinstance(predictions, torch.Tensor) or predictions.shape != labels.shape:
        return f"the predictions are no tensor of shape {tuple(labels.shape)}"
    right = (predictions == labels).double()
    return float(torch.stack([right[labels == label].mean() for label in labels.unique()]).mean())


def one_huge_number_a_row(make, rows=100):
    """Two classes; every row has one huge number, on its class's side and in a column of its own.

    It spoils centre and scale of the column: of all columns where validation rows count, else of the training rows'.
    """
    labels = make.integers(0, 2, rows + 200)
    x = 2.0 * (2 * labels[:, None] - 1) + make.normal(rows + 200, rows)
    x = x.masked_fill(make.mask(rows + 200, rows, share=0.1, at_least_one=False), NAN)
    spoilt = make.permutation(rows)
    x[spoilt, torch.arange(rows)] = 1e9 * (2.0 * labels[spoilt] - 1)
    return {"x": x[:rows], "y": labels[:rows], "x_new": x[rows:]}, labels[rows:]


def train_and_predict(solution, make, given, num_classes):
    solution.train_and_save(given["x"], given["y"], num_classes, path_in(make), seed=make.integer(0, 1000))
    return solution.load_and_predict(path_in(make), given["x_new"])


@check("convergence", points=15, task=classes_of_equal_size, judged_by=at_least(0.88, "accuracy"))
def classifies_new_rows(solution, make, given):
    """Four classes, columns from 1e-4 to 1e6, every tenth number missing: accuracy on rows it never saw."""
    return train_and_predict(solution, make, given, 4)


@check("convergence", points=15, task=rare_classes, judged_by=at_least(0.8, balanced_accuracy))
def finds_the_rare_classes(solution, make, given):
    """Classes with shares of 80, 15 and 5 %: balanced accuracy on rows it never saw."""
    return train_and_predict(solution, make, given, 3)


@check("values", points=10, task=one_huge_number_a_row, judged_by=at_least(0.8, "accuracy", "accuracy on new rows"))
def leaves_validation_rows_out(solution, make, given):
    """Huge numbers in validation rows spoil neither the statistics nor the model."""
    return train_and_predict(solution, make, given, 2)


def trained(solution, make, count=200, classes=3, missing=0.1, **changed):
    """A table, its labels, and the file of a pipeline that was trained on them."""
    labels = make.integers(0, classes, count)
    x = table(make, labels, missing)
    solution.train_and_save(x, labels, classes, path_in(make), **changed)
    return x, labels


def predicts_as_before(solution, make):
    """In a fresh process, from the file alone, which has another name by now."""
    folder = path_in(make, "trained")
    files = os.listdir(folder)
    moved = path_in(make, "elsewhere.bin")
    os.replace(folder / "pipeline.pt", moved)
    noted = torch.load(path_in(make, "noted.pt"))
    x, before = make.tensor(noted["x"]), noted["predictions"]
    now = solution.load_and_predict(moved, x)
    alone = torch.cat([solution.load_and_predict(str(moved), x[row : row + 1]) for row in range(10)])
    return {
        "files": files,
        "predictions that changed": int((now.cpu() != before).sum()),
        "predictions that changed, rows one by one": int((alone.cpu() != before[:10]).sum()),
        "more than 80 % are right": share_right(now.cpu(), noted["labels"]) > 0.8,
        "shape for no rows": solution.load_and_predict(moved, x[:0]).shape,
    }


@check("values", points=15, then=predicts_as_before)
def predicts_in_a_fresh_process(solution, make):
    """Trained in one process; the same predictions in a fresh one that has the file and nothing else."""
    labels = make.integers(0, 3, 300)
    x = table(make, labels)
    path_in(make, "trained").mkdir()
    solution.train_and_save(x[:200], labels[:200], 3, path_in(make, "trained") / "pipeline.pt")
    predictions = solution.load_and_predict(path_in(make, "trained") / "pipeline.pt", x[200:])
    noted = {"x": x[200:].cpu(), "labels": labels[200:].cpu(), "predictions": predictions.cpu()}
    torch.save(noted, path_in(make, "noted.pt"))


@check("values", points=15)
def treats_every_row_alone(solution, make):
    """A row's prediction does not depend on the others, nor on the call; form and device of the predictions."""
    trained(solution, make)
    x = table(make, make.integers(0, 3, 40))
    path, order = path_in(make), make.permutation(40)
    strange = torch.cat([x, 1e3 * x[:20], x[:20] * NAN])

    def predict(rows):
        return solution.load_and_predict(path, rows)

    def changed(predictions, chosen=slice(None)):
        return {"predictions that changed": int((predictions != predict(x)[chosen]).sum())}

    def form(rows):
        predictions = predict(rows)
        place = predictions.device == rows.device
        return {"shape": predictions.shape, "dtype": predictions.dtype, "on the device of x": place}

    return {
        "again": lambda: changed(predict(x)),
        "one by one": lambda: changed(torch.cat([predict(row) for row in x[::3].split(1)]), slice(None, None, 3)),
        "in another order": lambda: changed(predict(x[order]), order),
        "half of them": lambda: changed(predict(x[:20]), slice(20)),
        "among strange rows": lambda: changed(predict(strange)[:40]),
        "form": lambda: form(x),
        "no rows": lambda: form(x[:0]),
        "x on the CPU": lambda: form(x.cpu()),
    }


@check("values", points=10, tag="edge")
def survives_odd_tables(solution, make):
    """Empty and constant columns, a class without rows, gaps that training never saw, rows of nothing, float64."""

    def seen(labels, x, new_labels, new, num_classes):
        solution.train_and_save(x, labels, num_classes, path_in(make))
        predictions = solution.load_and_predict(path_in(make), torch.cat([new, new[:1] * NAN]))
        inside = bool(((predictions >= 0) & (predictions < num_classes)).all())
        right = share_right(predictions[:-1], new_labels)
        return {"shape": predictions.shape, "all are labels": inside, "more than 80 % are right": right > 0.8}

    def tables(missing=0.1, missing_in_new=0.1):
        labels = make.integers(0, 3, 250)
        x, new = table(make, labels[:150], missing), table(make, labels[150:], missing_in_new)
        return labels[:150], x, labels[150:], new

    def odd_columns():
        labels, x, new_labels, new = tables()
        single = torch.full_like(x[:, :1], NAN)
        single[3] = 1.0

        def with_odd(rows, lonely):
            one = torch.ones_like(rows[:, :1])
            return torch.cat([rows[:, :4], one * NAN, one * 7e5, one * 0.1, one * 0, lonely, rows[:, 4:]], 1)

        return seen(labels, with_odd(x, single), new_labels, with_odd(new, new[:, :1] * NAN), 3)

    def missing_class():
        return seen(*tables(), num_classes=5)

    def complete():
        return seen(*tables(missing=0.0), num_classes=3)

    def in_float64():
        labels, x, new_labels, new = tables()
        return seen(labels, x.double(), new_labels, new.double(), 3)

    return {
        "empty and constant columns": odd_columns,
        "classes without rows": missing_class,
        "complete when trained": complete,
        "float64": in_float64,
    }


@check("values", points=10)
def repeats_itself(solution, make):
    """Same seed, same model, whatever the state of the global generator."""
    x, labels, new = make.normal(120, 5), make.integers(0, 3, 120), make.normal(300, 5)

    def run(global_seed, name, **seed):
        torch.manual_seed(global_seed)
        report = solution.train_and_save(x, labels, 3, path_in(make, name), **seed)
        return report, solution.load_and_predict(path_in(make, name), new)

    def changed(one, other):
        return {
            "accuracies that changed": sum(one[0][name] != other[0][name] for name in one[0]),
            "predictions that changed": int((one[1] != other[1]).sum()),
        }

    first, second, default = run(1, "first.pt", seed=0), run(2, "second.pt", seed=0), run(3, "third.pt")
    return {"seed=0, twice": changed(first, second), "seed=0 and no seed": changed(first, default)}


class Hostile:
    """Opens a file for writing when it is unpickled."""

    def __init__(self, marker):
        self.marker = str(marker)

    def __reduce__(self):
        return open, (self.marker, "w")


@check("values", points=5)
def runs_no_code_from_the_file(solution, make):
    """A file that runs code when it is unpickled is refused, and its code does not run."""
    x, _ = trained(solution, make, 60)
    right = len(solution.load_and_predict(path_in(make), x))

    def loaded(write):
        path, marker = path_in(make, "hostile.pt"), path_in(make, "ran")
        write(path, Hostile(marker))
        result = outcome(solution.load_and_predict, path, x)
        refused = isinstance(result, Raised)
        return {"predictions from a right file": right, "refused": refused, "its code ran": marker.exists()}

    def arrays(path, hostile):
        objects = numpy.empty(1, dtype=object)
        objects[0] = hostile
        buffer = io.BytesIO()
        numpy.savez(buffer, objects)
        path.write_bytes(buffer.getvalue())

    return {
        "file of torch.save": lambda: loaded(lambda path, hostile: torch.save({"model": hostile}, path)),
        "pickle": lambda: loaded(lambda path, hostile: path.write_bytes(pickle.dumps(hostile))),
        "arrays of objects": lambda: loaded(arrays),
    }


def fit(report, val_rows, train_rows):
    """Whether both accuracies are fractions of that many rows."""
    counts = (report["val_accuracy"] * val_rows, report["train_accuracy"] * train_rows)
    return all(abs(count - round(count)) < 1e-3 for count in counts)


@check("values", points=5)
def reports_what_it_achieves(solution, make):
    """Accuracies from 0 to 1, that for validation on rows that were not trained on; x and y unchanged."""

    def learnable():
        labels = make.integers(0, 3, 300)
        x = table(make, labels)
        x_before, y_before = x.clone(), labels.clone()
        report = solution.train_and_save(x, labels, 3, path_in(make))
        return {
            "names": sorted(report),
            "all are floats from 0 to 1": all(type(value) is float and 0 <= value <= 1 for value in report.values()),
            "train_accuracy above 0.8": report["train_accuracy"] > 0.8,
            "val_accuracy above 0.7": report["val_accuracy"] > 0.7,
            "gaps of x that changed": int((x.isnan() != x_before.isnan()).sum()),
            "numbers of x that changed": int((x.nan_to_num(0.0) != x_before.nan_to_num(0.0)).sum()),
            "labels in y that changed": int((labels != y_before).sum()),
        }

    def noise():
        labels = make.integers(0, 2, 400)
        report = solution.train_and_save(make.normal(400, 200), labels, 2, path_in(make))
        return {"val_accuracy below 0.85": report["val_accuracy"] < 0.85}

    def share():
        # Of a prime number of rows: fractions of any other split are not fractions of one that is allowed.
        report = solution.train_and_save(make.normal(397, 5), make.integers(0, 2, 397), 2, path_in(make))
        allowed = range(39, 120)
        return {"both are fractions of such a split": any(fit(report, n, 397 - n) for n in allowed)}

    return {"learnable": learnable, "labels are noise": noise, "10 to 30 % for validation": share}
