"""What 24-rnn-from-scratch is judged on."""

import torch
from hypothesis import strategies as some
from torch import nn

from judge.checks import at_least, batch_of, changes, check, gradients, minimise, names_and_shapes, outcome, state

SIZES = {
    "batch": some.integers(1, 3),
    "length": some.integers(1, 5),
    "inputs": some.integers(1, 3),
    "hidden": some.integers(1, 4),
    "layers": some.integers(1, 3),
}


def network(solution, make, inputs=2, hidden=4, layers=2):
    return make.filled(solution.RNN(inputs, hidden, layers))


def head_of(make, hidden=4, outputs=2):
    return make.filled(nn.Linear(hidden, outputs))


class Leaky(nn.Module):
    """A model of one layer that is called like an RNN but is none: its states leak by a learned share."""

    def __init__(self):
        super().__init__()
        self.into = nn.Linear(2, 4)
        self.share = nn.Linear(4, 4)

    def forward(self, x, h0=None):
        h = x.new_zeros(x.shape[0], 4) if h0 is None else h0[0]
        states = []
        for step in x.unbind(1):
            h = 0.5 * h + torch.tanh(self.into(step) + self.share(h))
            states.append(h)
        return torch.stack(states, 1), h[None]


@check("shape", points=10, **SIZES)
def has_names_and_shapes(solution, make, batch, length, inputs, hidden, layers):
    """Names and shapes of the parameters, of the output and of the last states."""
    net, x = network(solution, make, inputs, hidden, layers), make.normal(batch, length, inputs)
    return {
        "parameters": lambda: names_and_shapes(net),
        "one layer by default": lambda: names_and_shapes(solution.RNN(inputs, hidden)),
        "output and states": lambda: [tuple(part.shape) for part in net(x)],
    }


@check("values", points=25, **SIZES)
def runs_through_time(solution, make, batch, length, inputs, hidden, layers):
    """Outputs and last states of all layers, from zeros and from h0."""
    net, x = network(solution, make, inputs, hidden, layers), make.normal(batch, length, inputs)
    h0 = make.normal(layers, batch, hidden)
    return {
        "zero state": lambda: net(x),
        "h0": lambda: net(x, h0),
        "by name": lambda: net(x=x, h0=h0),
        "one step after the other": lambda: net(x[:, -1:], net(x[:, :1], h0)[1]),
    }


@check("gradient", points=20, examples=8, **SIZES)
def sends_gradients_back_in_time(solution, make, batch, length, inputs, hidden, layers):
    """Gradients of every parameter, of x and of h0, from the outputs and from the last states."""

    def backward(which, with_state=True):
        net = network(solution, make, inputs, hidden, layers)
        x, h0 = make.normal(batch, length, inputs, requires_grad=True), make.normal(layers, batch, hidden)
        answer = net(x, h0.requires_grad_()) if with_state else net(x)
        (answer[which] * make.normal(*answer[which].shape)).sum().backward()
        return gradients(net, x=x, h0=h0)

    return {
        "of the outputs": lambda: backward(0),
        "of the last states": lambda: backward(1),
        "from zeros": lambda: backward(0, with_state=False),
    }


def trained(solution, make, model, length, window, *, batch=2, optimizer_of=None, loss_fn=None, prepare=None):
    """Losses and weights after training in windows."""
    head, x, y = head_of(make), make.normal(batch, length, 2), make.normal(batch, length, 2)
    optimizer = (optimizer_of or sgd)(model, head)
    if prepare is not None:
        prepare(model, head)
    losses = solution.train_truncated_bptt(model, head, x, y, window, optimizer, loss_fn or nn.functional.mse_loss)
    return {"losses": losses, "model": state(model), "head": state(head)}


def sgd(model, head):
    return torch.optim.SGD([*model.parameters(), *head.parameters()], lr=0.1)


@check("values", points=20, batch=some.integers(1, 3), length=some.integers(1, 9), window=some.integers(1, 5))
def trains_window_by_window(solution, make, batch, length, window):
    """Losses and weights after truncated training: of your RNN, and of another model that is called like it."""

    def momentum(model, head):
        return torch.optim.SGD([*model.parameters(), *head.parameters()], lr=0.05, momentum=0.9)

    def sum_of_squares(outputs, targets):
        return (outputs - targets / 2).square().sum()  # another one where the two are exchanged

    return {
        "your RNN": lambda: trained(solution, make, network(solution, make), length, window, batch=batch),
        "another model": lambda: trained(solution, make, make.filled(Leaky()), length, window, batch=batch),
        "momentum": lambda: trained(
            solution, make, make.filled(Leaky()), length, window, batch=batch, optimizer_of=momentum
        ),
        "another loss": lambda: trained(
            solution, make, make.filled(Leaky()), length, window, batch=batch, loss_fn=sum_of_squares
        ),
    }


@check("values", points=10, tag="edge")
def minds_the_edges_of_training(solution, make):
    """Windows of no step or longer than the sequence, gradients from before, parts that do not learn."""

    def refused(window):
        model, head = make.filled(Leaky()), head_of(make)
        arguments = make.normal(2, 4, 2), make.normal(2, 4, 2), window, sgd(model, head), nn.functional.mse_loss
        return outcome(solution.train_truncated_bptt, model, head, *arguments), state(model)

    def stale(model, head):
        for parameter in [*model.parameters(), *head.parameters()]:
            parameter.grad = make.normal(*parameter.shape)

    def head_only(model, head):
        return torch.optim.SGD(head.parameters(), lr=0.1)

    def in_float64():
        model, head = make.filled(Leaky()).double(), head_of(make).double()
        x, y = make.normal(2, 5, 2, dtype=torch.float64), make.normal(2, 5, 2, dtype=torch.float64)
        losses = solution.train_truncated_bptt(model, head, x, y, 2, sgd(model, head), nn.functional.mse_loss)
        return losses, state(model)

    return {
        "window 0": lambda: refused(0),
        "window -2": lambda: refused(-2),
        "window longer than the sequence": lambda: trained(solution, make, make.filled(Leaky()), 4, 9),
        "window as long as the sequence": lambda: trained(solution, make, make.filled(Leaky()), 4, 4),
        "gradients from before": lambda: trained(solution, make, make.filled(Leaky()), 5, 2, prepare=stale),
        "only the head learns": lambda: trained(solution, make, make.filled(Leaky()), 5, 2, optimizer_of=head_only),
        "float64": in_float64,
    }


@check("values", points=5, tag="edge")
def leaves_its_inputs_alone(solution, make):
    """Inputs stay as they are, float64 stays float64, no state goes from call to call."""
    x, y, h0 = make.normal(2, 5, 2), make.normal(2, 5, 2), make.normal(2, 2, 4)

    def training():
        model, head = network(solution, make), head_of(make)
        arguments = model, head, x, y, 2, sgd(model, head), nn.functional.mse_loss
        return changes(lambda: solution.train_truncated_bptt(*arguments), x, y)

    def second_call():
        net = network(solution, make)
        net(make.normal(2, 3, 2))
        return net(x)

    def output_after_the_next_call():
        net = network(solution, make)
        first = net(x)
        net(make.normal(2, 5, 2))
        return first

    return {
        "forward": lambda: changes(lambda: network(solution, make)(x, h0), x, h0),
        "training": training,
        "float64": lambda: network(solution, make).double()(x.double(), h0.double()),
        "float64, zero state": lambda: network(solution, make).double()(x.double()),
        "second call": second_call,
        "an answer after the next call": output_after_the_next_call,
    }


def first_bits(make):
    """20 noisy steps after a bit; the bits of the last 256 sequences are hidden."""
    count, length = 768, 21
    bits = make.integers(0, 2, count)
    x = torch.cat([torch.zeros(count, length, 1), 0.5 * make.normal(count, length, 1)], -1)
    x[:, 0, 0] = 2.0 * bits - 1
    forgetful = 0.85 * torch.linalg.qr(make.normal(16, 16))[0]  # at first 4 % of the bit is left after 20 steps
    return {"x": x[:512], "y": bits[:512], "x_new": x[512:], "weight_hh": forgetful}, bits[512:]


@check("convergence", points=10, task=first_bits, judged_by=at_least(0.9, "accuracy"))
def remembers_a_bit(solution, make, given):
    """Trains for 150 steps to tell the first bit after 20 steps of noise, then does so on new sequences."""
    net, head = make.filled(solution.RNN(2, 16)), make.filled(nn.Linear(16, 2))
    with torch.no_grad():
        net.state_dict()["weight_hh_l0"].copy_(given["weight_hh"])

    def loss(step):
        x, y = batch_of(given, step, 64)
        return nn.functional.cross_entropy(head(net(x)[1][-1]), y)

    curve = minimise(loss, [*net.parameters(), *head.parameters()], 150, lr=0.02)
    with torch.no_grad():
        return head(net(given["x_new"])[0][:, -1]).argmax(-1), curve
