"""What 32-sequence-classification is judged on."""

import torch
from hypothesis import strategies as some

from judge.checks import at_least, batch_of, changes, check, gradients, minimise, names_and_shapes

SIZES = {"batch": some.integers(1, 4), "inputs": some.integers(1, 3), "hidden": some.integers(1, 4)}


def cell_of(solution, make, inputs=3, hidden=4):
    return make.filled(solution.LSTMCell(inputs, hidden))


def classifier(solution, make, inputs=3, hidden=4, classes=3):
    return make.filled(solution.SequenceClassifier(inputs, hidden, classes))


def lengths_of(make, batch, length):
    return make.integers(1, length + 1, batch)


@check("shape", points=10, length=some.integers(1, 6), classes=some.integers(1, 4), **SIZES)
def has_names_and_shapes(solution, make, batch, inputs, hidden, length, classes):
    """Names and shapes of the parameters, of the cell's two states and of the logits."""
    state = make.normal(batch, hidden), make.normal(batch, hidden)
    x, lengths = make.normal(batch, length, inputs), lengths_of(make, batch, length)
    return {
        "cell, parameters": lambda: names_and_shapes(solution.LSTMCell(inputs, hidden)),
        "cell": lambda: [tuple(part.shape) for part in cell_of(solution, make, inputs, hidden)(x[:, 0], state)],
        "classifier, parameters": lambda: names_and_shapes(solution.SequenceClassifier(inputs, hidden, classes)),
        "classifier": lambda: tuple(classifier(solution, make, inputs, hidden, classes)(x, lengths).shape),
    }


@check("values", points=20, **SIZES)
def steps_as_an_lstm(solution, make, batch, inputs, hidden):
    """The cell: h and c after one step, and after three."""
    cell, x = cell_of(solution, make, inputs, hidden), make.normal(3, batch, inputs)
    state = make.normal(batch, hidden), make.normal(batch, hidden, std=2.0)

    def three_steps():
        now = state
        for step in x:
            now = cell(step, now)
        return now

    return {
        "one step": lambda: cell(x[0], state),
        "from zeros": lambda: cell(x[0], (torch.zeros_like(state[0]), torch.zeros_like(state[1]))),
        "three steps": three_steps,
    }


@check("values", points=20, length=some.integers(1, 6), **SIZES)
def classifies_the_last_valid_step(solution, make, batch, inputs, hidden, length):
    """Logits from the state after each sequence's last valid step, with lengths in any order."""
    net, x = classifier(solution, make, inputs, hidden), make.normal(batch, length, inputs)
    full = torch.full((batch,), length, device=make.device)
    return {
        "no padding": lambda: net(x, full),
        "mixed lengths": lambda: net(x, lengths_of(make, batch, length)),
        "single steps": lambda: net(x, torch.ones_like(full)),
    }


@check("values", points=15)
def ignores_the_padding(solution, make):
    """The same logits whatever the padding holds, however much there is, whatever else is in the batch."""
    net, x, lengths = classifier(solution, make), make.normal(4, 6, 3), make.tensor([3, 6, 1, 4])
    padding = torch.arange(6, device=make.device) >= lengths.unsqueeze(1)  # (4, 6)
    order = make.tensor([2, 0, 3, 1])
    return {
        "zeros": lambda: net(x.masked_fill(padding.unsqueeze(-1), 0.0), lengths),
        "large numbers": lambda: net(x.masked_fill(padding.unsqueeze(-1), 1e3), lengths),
        "more padding": lambda: net(torch.cat([x, make.normal(4, 3, 3)], 1), lengths),
        "less padding": lambda: net(x[:1, :3], lengths[:1]),
        "another order": lambda: net(x[order], lengths[order]),
        "each alone": lambda: [net(x[row : row + 1], lengths[row : row + 1]) for row in range(4)],
    }


@check("gradient", points=15, length=some.integers(1, 5), examples=8, **SIZES)
def sends_gradients_back(solution, make, batch, inputs, hidden, length):
    """Gradients of every parameter, of the states and of the input; 0 in the padding."""

    def of_the_cell(which):
        cell, x = cell_of(solution, make, inputs, hidden), make.normal(batch, inputs, requires_grad=True)
        h, c = (make.normal(batch, hidden, requires_grad=True) for _ in range(2))
        (cell(x, (h, c))[which] * make.normal(batch, hidden)).sum().backward()
        return gradients(cell, x=x, h=h, c=c)

    def of_the_classifier():
        net, x = classifier(solution, make, inputs, hidden), make.normal(batch, length, inputs, requires_grad=True)
        (net(x, lengths_of(make, batch, length)) * make.normal(batch, 3)).sum().backward()
        return gradients(net, x=x)

    return {"cell, h": lambda: of_the_cell(0), "cell, c": lambda: of_the_cell(1), "classifier": of_the_classifier}


@check("values", points=10, tag="edge")
def keeps_to_the_contract(solution, make):
    """Inputs unchanged, nothing kept between calls, float64, lengths on another device, a batch of one."""
    x, lengths = make.normal(3, 5, 3), make.tensor([2, 5, 1])
    step, h, c = make.normal(3, 3), make.normal(3, 4), make.normal(3, 4)

    def second_call():
        net = classifier(solution, make)
        net(make.normal(3, 5, 3), lengths)
        return net(x, lengths)

    def in_float64():
        cell, net = cell_of(solution, make).double(), classifier(solution, make).double()
        return cell(step.double(), (h.double(), c.double())), net(x.double(), lengths)

    return {
        "cell, inputs": lambda: changes(lambda: cell_of(solution, make)(step, (h, c)), step, h, c),
        "classifier, inputs": lambda: changes(lambda: classifier(solution, make)(x, lengths), x, lengths),
        "second call": second_call,
        "float64": in_float64,
        "lengths on the CPU": lambda: classifier(solution, make)(x, lengths.cpu()),
        "batch of one": lambda: classifier(solution, make)(x[:1], lengths[:1]),
        "one class": lambda: classifier(solution, make, classes=1)(x, lengths),
    }


def first_symbols(make):
    """A symbol, up to 30 steps of other symbols, then padding like any of them; the last 256 labels are hidden."""
    count, length, classes = 768, 31, 3
    labels, lengths = make.integers(0, classes, count), make.integers(1, length + 1, count)
    lengths[512:] = make.integers(length - 10, length + 1, 256)  # what is asked lies far back
    x = torch.zeros(count, length, 2 * classes)
    x[:, :, classes:] = torch.nn.functional.one_hot(make.integers(0, classes, count, length), classes).float()
    x[:, 0] = torch.nn.functional.one_hot(labels, 2 * classes).float()
    given = {"x": x[:512], "lengths": lengths[:512], "y": labels[:512]}
    return given | {"x_new": x[512:], "lengths_new": lengths[512:]}, labels[512:]


@check("convergence", points=10, task=first_symbols, judged_by=at_least(0.9, "accuracy"))
def tells_the_first_symbol(solution, make, given):
    """Trains on sequences of 1 to 31 steps, then tells the first of 3 symbols after 20 to 30 other ones."""
    net = make.filled(solution.SequenceClassifier(6, 16, 3))

    def loss(step):
        x, lengths, y = batch_of(given, step, 64, ["x", "lengths", "y"])
        return torch.nn.functional.cross_entropy(net(x, lengths), y)

    curve = minimise(loss, net.parameters(), 140, lr=0.03)
    with torch.no_grad():
        return net(given["x_new"], given["lengths_new"]).argmax(-1), curve
