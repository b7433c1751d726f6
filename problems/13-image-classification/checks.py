"""What 13-image-classification is judged on."""

import torch
import torch.nn.functional as F
from hypothesis import strategies as some
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from judge.checks import at_least, check, outcome, state

SIZES = some.lists(some.integers(1, 5), min_size=1, max_size=4)
CLASSES = 3


class Batches:
    """Can be gone through again and again, but has no length and no index."""

    def __init__(self, pairs):
        self.pairs = pairs

    def __iter__(self):
        return iter(self.pairs)


class Probe(nn.Module):
    """A learned scale that notes, at each call, its mode and whether a graph is built."""

    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(()))
        self.seen = []

    def forward(self, x):
        x = x * self.scale
        self.seen.append((self.training, x.requires_grad))
        return x


def cnn(make):
    """(N, 1, 4, 4) -> (N, 3); smooth, so that rounding cannot tip a ReLU."""
    return make.filled(
        nn.Sequential(
            nn.Conv2d(1, 4, 3, padding=1, bias=False),
            nn.BatchNorm2d(4),
            nn.Sequential(nn.Tanh(), nn.AvgPool2d(2)),
            nn.Flatten(),
            nn.Linear(16, CLASSES),
        )
    )


def batches_of(make, sizes, dtype=None):
    return Batches([(make.normal(n, 1, 4, 4, dtype=dtype), make.integers(0, CLASSES, n)) for n in sizes])


def sgd(model):
    return torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)


def modes(model):
    return [module.training for module in model.modules()]


def mean_square(outputs, labels):
    return (outputs - F.one_hot(labels, CLASSES)).square().mean()


@check("values", points=20, part="evaluate", sizes=SIZES)
def measures_loss_and_accuracy(solution, make, sizes):
    """Means over samples, also with a ragged last batch; in evaluation mode."""
    evaluate = solution.evaluate

    def in_float64():
        return evaluate(cnn(make).double(), batches_of(make, sizes, torch.float64), F.cross_entropy)

    def one_class():
        images = make.normal(5, 1, 4, 4)
        pairs = [(images[:4], make.tensor([0] * 4)), (images[4:], make.tensor([1]))]
        return evaluate(cnn(make), Batches(pairs), F.cross_entropy)

    return {
        "training before": lambda: evaluate(cnn(make).train(), batches_of(make, sizes), F.cross_entropy),
        "evaluation before": lambda: evaluate(cnn(make).eval(), batches_of(make, sizes), nn.CrossEntropyLoss()),
        "another loss": lambda: evaluate(cnn(make), batches_of(make, sizes).pairs, mean_square),
        "4 and 1 samples": one_class,
        "float64": in_float64,
    }


@check("values", points=15, part="evaluate")
def leaves_no_trace(solution, make):
    """evaluate: modes, statistics, gradients and batches stay as they were."""
    evaluate = solution.evaluate

    def modes_after(prepare):
        model = cnn(make)
        prepare(model)
        evaluate(model, batches_of(make, [2, 1]), F.cross_entropy)
        return modes(model)

    def root_only_in_evaluation(model):
        model.train()
        model.training = False

    def state_after():
        model = cnn(make).train()
        evaluate(model, batches_of(make, [3, 2]), F.cross_entropy)
        return state(model)

    def gradients_after():
        model = cnn(make)
        model[-1].weight.grad = make.normal(CLASSES, 16)
        evaluate(model, batches_of(make, [3, 2]), F.cross_entropy)
        return [parameter.grad for parameter in model.parameters()], [p.requires_grad for p in model.parameters()]

    def noted():
        model = nn.Sequential(cnn(make), Probe().to(make.device, make.dtype)).train()
        evaluate(model, batches_of(make, [3, 2]), F.cross_entropy)
        return sorted(set(model[1].seen)), torch.is_grad_enabled()

    def batches_after():
        batches = batches_of(make, [3, 2])
        evaluate(cnn(make), batches, F.cross_entropy)
        return batches.pairs

    return {
        "all in training": lambda: modes_after(lambda model: model.train()),
        "all in evaluation": lambda: modes_after(lambda model: model.eval()),
        "frozen part": lambda: modes_after(lambda model: model.train()[1:3].eval()),
        "part in training": lambda: modes_after(lambda model: model.eval()[2].train()),
        "only the root in evaluation": lambda: modes_after(root_only_in_evaluation),
        "parameters and statistics": state_after,
        "gradients": gradients_after,
        "mode and graph while it runs": noted,
        "batches": batches_after,
    }


@check("gradient", points=20, part="train_one_epoch", sizes=SIZES)
def takes_one_step_a_batch(solution, make, sizes):
    """Mean training loss; parameters and statistics after an epoch."""

    def run(prepare=lambda model: model.train(), epochs=1, loss_fn=F.cross_entropy, optimizer_of=sgd, batches=None):
        model = cnn(make)
        prepare(model)
        optimizer, batches = optimizer_of(model), batches or batches_of(make, sizes)
        losses = [solution.train_one_epoch(model, batches, loss_fn, optimizer) for _ in range(epochs)]
        return losses, state(model)

    def in_float64():
        model = cnn(make).double()
        loss = solution.train_one_epoch(model, batches_of(make, sizes, torch.float64), F.cross_entropy, sgd(model))
        return loss, state(model)

    return {
        "an epoch": run,
        "two epochs": lambda: run(epochs=2),
        "another loss": lambda: run(loss_fn=mean_square, batches=batches_of(make, sizes).pairs),
        "only the last layer learns": lambda: run(optimizer_of=lambda model: sgd(model[-1])),
        "float64": in_float64,
    }


@check("gradient", points=10, part="train_one_epoch")
def starts_clean(solution, make):
    """Training mode everywhere, stale gradients do no harm, batches stay unchanged."""

    def run(prepare):
        model = cnn(make)
        prepare(model)
        batches = batches_of(make, [3, 2])
        loss = solution.train_one_epoch(model, batches, F.cross_entropy, sgd(model))
        return loss, modes(model), state(model), batches.pairs

    def with_stale_gradients(model):
        for parameter in model.parameters():
            parameter.grad = make.normal(*parameter.shape)

    def noted():
        model = nn.Sequential(cnn(make), Probe().to(make.device, make.dtype)).eval()
        solution.train_one_epoch(model, batches_of(make, [3, 2]), F.cross_entropy, sgd(model))
        return model[1].seen

    return {
        "stale gradients": lambda: run(with_stale_gradients),
        "evaluation mode before": lambda: run(lambda model: model.eval()),
        "part in evaluation before": lambda: run(lambda model: model.train()[1].eval()),
        "mode while it runs": noted,
    }


class Scripted(nn.Module):
    """A classifier whose validation accuracy after each epoch is known: `right_of_6[epoch]` of 6 images are right.

    It counts the images seen in training mode in a buffer. The more images are right, the surer it is of the others,
    so that the best accuracy does not come with the best loss.
    """

    def __init__(self, make, right_of_6, images_an_epoch):
        super().__init__()
        self.net = cnn(make)
        self.right_of_6 = right_of_6
        self.images_an_epoch = images_an_epoch
        self.register_buffer("images_seen", torch.zeros((), dtype=torch.int64))

    def forward(self, images):
        logits = self.net(images).tanh()
        if self.training:
            self.images_seen += len(images)
            return logits
        epoch = max(0, int(self.images_seen) // self.images_an_epoch - 1)
        right = self.right_of_6[min(epoch, len(self.right_of_6) - 1)]
        index = images.mean((1, 2, 3)).round().long()  # the brightness is the image's number; its class is number % 3
        chosen = (index + (index >= right)) % CLASSES
        return logits + (3 + 4 * right) * F.one_hot(chosen, CLASSES)


def validation(make, sizes=(4, 2)):
    numbers = torch.arange(6, device=make.device)
    images = numbers.view(6, 1, 1, 1) + make.normal(6, 1, 4, 4, std=0.1)
    return Batches(list(zip(images.split(sizes), (numbers % CLASSES).split(sizes), strict=True)))


def fitted(solution, make, right_of_6, val_sizes=(4, 2)):
    """The history, and what state fit leaves, when that many of 6 validation images are right after each epoch."""
    model = Scripted(make, right_of_6, images_an_epoch=5).to(make.device)
    train_batches, val_batches = batches_of(make, [3, 2]), validation(make, val_sizes)
    history = solution.fit(model, train_batches, val_batches, F.cross_entropy, sgd(model), len(right_of_6))
    return {name: list(values) for name, values in history.items()}, state(model)


@check("values", points=10, part="fit", right_of_6=some.lists(some.integers(0, 5), min_size=1, max_size=4), examples=10)
def trains_and_evaluates_in_turn(solution, make, right_of_6):
    """History of every epoch, whatever the accuracies are, and the state that is left."""
    return fitted(solution, make, right_of_6)


@check("values", points=10, part="fit")
def keeps_the_best_epoch(solution, make):
    """Parameters and buffers of the best validation accuracy, the earliest of equals."""
    return {
        "best in the middle": lambda: fitted(solution, make, [1, 4, 2]),
        "best first": lambda: fitted(solution, make, [3, 1, 2]),
        "best last": lambda: fitted(solution, make, [1, 2, 5]),
        "equals": lambda: fitted(solution, make, [2, 4, 4, 1]),
        "never right": lambda: fitted(solution, make, [0, 0, 0]),
        "ragged validation": lambda: fitted(solution, make, [1, 4, 5, 2], (5, 1)),
    }


@check("values", points=5, tag="edge")
def refuses_no_batches(solution, make):
    """ValueError where there is no batch: a list, or anything else that is empty."""

    def call(function, *batches):
        model = cnn(make)
        optimizer = [] if function is solution.evaluate else [sgd(model)]
        epochs = [2] if function is solution.fit else []
        return outcome(function, model, *batches, F.cross_entropy, *optimizer, *epochs)

    some_batches = batches_of(make, [2, 1])
    return {
        "train_one_epoch": lambda: [call(solution.train_one_epoch, empty) for empty in ([], Batches([]))],
        "evaluate": lambda: [call(solution.evaluate, empty) for empty in ([], Batches([]))],
        "fit, nothing to train on": lambda: call(solution.fit, Batches([]), some_batches),
        "fit, nothing to validate on": lambda: call(solution.fit, some_batches, Batches([])),
    }


@check("values", points=5)
def moves_batches_to_the_model(solution, make):
    """Batches of a DataLoader, on the CPU, to the device of the model."""

    def loader(count):
        images, labels = make.normal(count, 1, 4, 4).cpu(), make.integers(0, CLASSES, count).cpu()
        return DataLoader(TensorDataset(images, labels), batch_size=3)

    def training():
        model = cnn(make)
        return solution.train_one_epoch(model, loader(7), F.cross_entropy, sgd(model)), state(model)

    def fitting():
        model = cnn(make)
        history = solution.fit(model, loader(7), loader(4), F.cross_entropy, sgd(model), 1)
        return history["train_loss"], history["val_loss"], state(model)

    return {
        "train_one_epoch": training,
        "evaluate": lambda: solution.evaluate(cnn(make), loader(7), F.cross_entropy),
        "fit": fitting,
    }


def shapes(make):
    """Noisy 8 x 8 images of a row, a column, a diagonal cross or a square, at random places; the last 256 hidden."""
    count = 768
    labels, place = make.integers(0, 4, count), make.integers(0, 5, count, 2)
    patterns = torch.zeros(4, 4, 4)
    patterns[0, 1], patterns[1, :, 2] = 1.0, 1.0
    patterns[2] = torch.eye(4) + torch.eye(4).flip(1)
    patterns[3] = 1.0
    patterns[3, 1:3, 1:3] = 0.0
    images = 0.3 * make.normal(count, 1, 8, 8)
    for image, label, (top, left) in zip(images, labels, place.tolist(), strict=True):
        image[0, top : top + 4, left : left + 4] += patterns[label]
    given = {"x": images[:384], "y": labels[:384], "x_val": images[384:512], "y_val": labels[384:512]}
    return given | {"x_new": images[512:]}, labels[512:]


@check("convergence", points=5, part="fit", task=shapes, judged_by=at_least(0.9, "accuracy"))
def learns_shapes(solution, make, given):
    """A small CNN learns rows, columns, crosses and squares in 6 epochs."""
    model = nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1),
        nn.BatchNorm2d(16),
        nn.ReLU(),
        nn.Conv2d(16, 16, 3, padding=1),
        nn.BatchNorm2d(16),
        nn.ReLU(),
        nn.AdaptiveMaxPool2d(1),
        nn.Flatten(),
        nn.Linear(16, 4),
    ).to(make.device)
    train = list(zip(given["x"].split(32), given["y"].split(32), strict=True))
    val = list(zip(given["x_val"].split(50), given["y_val"].split(50), strict=True))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    history = solution.fit(model, train, val, F.cross_entropy, optimizer, 6)
    model.eval()
    with torch.no_grad():
        return model(given["x_new"]).argmax(1), list(history["train_loss"])
