"""What 42-mixed-precision is judged on."""

import math

import torch
import torch.nn.functional as F
from hypothesis import strategies as some
from torch import nn

from judge.checks import at_most, changes, check, modes, outcome, state

HISTORY = some.lists(some.booleans(), min_size=1, max_size=8)  # which steps have finite gradients
NOT_FINITE = (math.inf, -math.inf, math.nan)


def parameters_of(make, dtype=None):
    return [nn.Parameter(make.normal(*shape, dtype=dtype)) for shape in ((3,), (2, 2), ())]


def sgd(parameters):
    return torch.optim.SGD(parameters, lr=0.1, momentum=0.9)


def give_gradients(make, parameters, scale=1.0, bad=None):
    """Gradients as a scaled loss would leave them; with `bad`, one entry of one of them is that number."""
    chosen = make.integer(0, len(parameters))
    for index, parameter in enumerate(parameters):
        parameter.grad = make.normal(*parameter.shape, dtype=parameter.dtype) * scale
        if bad is not None and index == chosen:
            parameter.grad.view(-1)[make.integer(0, parameter.numel())] = bad


def values_of(parameters):
    return [parameter.detach().clone() for parameter in parameters]


def numbers(make, found):
    return torch.tensor(found, dtype=make.dtype)


@check("gradient", points=15, init_scale=some.sampled_from([1.0, 8.0, 1000.0, 2.0**16]))
def scales_and_unscales(solution, make, init_scale):
    """The scaled loss and its gradients, and the gradients after unscale_, alone and before a step."""

    def scaled():
        leaf = make.normal(3, requires_grad=True)
        loss = solution.GradScaler(init_scale).scale((leaf * make.normal(3)).sum())
        loss.backward()
        return loss, leaf.grad

    def unscaled(without_gradient=(), dtype=None, init_scale=init_scale):
        parameters = parameters_of(make, dtype)
        give_gradients(make, parameters, init_scale)
        for index in without_gradient:
            parameters[index].grad = None
        scaler, optimizer = solution.GradScaler(init_scale=init_scale), sgd([{"params": [p]} for p in parameters])
        scaler.unscale_(optimizer)
        moved = values_of(parameters)
        gradients = [None if p.grad is None else p.grad.clone() for p in parameters]
        return gradients, moved, scaler.step(optimizer), values_of(parameters)

    return {
        "scale": scaled,
        "scale, float64": lambda: solution.GradScaler(8.0).scale(make.normal(dtype=torch.float64)),
        "unscale_, then step": unscaled,
        "some without gradient": lambda: unscaled((0, 2)),
        "float64": lambda: unscaled(dtype=torch.float64, init_scale=8.0),  # a scale kept in float32 is fine
    }


@check(
    "values",
    points=20,
    history=HISTORY,
    growth_interval=some.integers(1, 3),
    growth_factor=some.sampled_from([2.0, 1.5]),
    backoff_factor=some.sampled_from([0.5, 0.25]),
)
def grows_and_backs_off(solution, make, history, growth_interval, growth_factor, backoff_factor):
    """A history of good and bad steps: what step says, the scale after update, the parameters."""

    def run(unscale_first, history=history):
        parameters = parameters_of(make)
        optimizer = sgd(parameters)
        scaler = solution.GradScaler(256.0, growth_factor, backoff_factor, growth_interval)
        said, scales, values = [], [scaler.get_scale()], []
        for index, good in enumerate(history):
            give_gradients(make, parameters, scaler.get_scale(), None if good else NOT_FINITE[index % 3])
            if unscale_first:
                scaler.unscale_(optimizer)
            said.append(scaler.step(optimizer))
            scaler.update()
            scales.append(scaler.get_scale())
            values.append(values_of(parameters))
        return said, numbers(make, scales), values

    return {
        "step and update": lambda: run(False),
        "unscale_, step and update": lambda: run(True),
        "good, bad, good ...": lambda: run(False, [True] * (growth_interval - 1) + [False] + [True] * 7),
    }


@check("values", points=10, tag="edge")
def tells_what_is_finite(solution, make):
    """One inf or nan anywhere skips the step; huge finite gradients do not. Defaults, and Python numbers."""

    def steps(fill, where=2):
        parameters = parameters_of(make)
        give_gradients(make, parameters)
        fill(parameters[where].grad.view(-1))
        scaler, before = solution.GradScaler(1.0), values_of(parameters)
        said = scaler.step(sgd(parameters))
        scaler.update()
        return (
            said,
            numbers(make, [scaler.get_scale()]),
            [p.detach() - b for p, b in zip(parameters, before, strict=True)],
        )

    def one(value):
        return lambda gradient: gradient[-1:].fill_(value)

    def both(gradient):
        gradient[0], gradient[1] = math.inf, -math.inf

    def huge(gradient):
        gradient.fill_(3e38)

    def defaults():
        parameter = nn.Parameter(torch.zeros(1))  # on the CPU: two thousand steps take a while elsewhere
        optimizer, scaler, scales = torch.optim.SGD([parameter], lr=0.1), solution.GradScaler(), []
        for step in range(2003):
            parameter.grad = torch.full_like(parameter, math.nan if step == 1 else 0.0)
            scaler.step(optimizer)
            scaler.update()
            if step in (0, 1, 2000, 2001, 2002):
                scales.append(scaler.get_scale())
        return numbers(make, scales)

    return {
        "inf in the first": lambda: steps(one(math.inf), 0),
        "minus inf in the last": lambda: steps(one(-math.inf)),
        "nan in the middle": lambda: steps(one(math.nan), 1),
        "inf and minus inf": lambda: steps(both, 0),
        "huge and finite": lambda: steps(huge, 0),
        "get_scale": lambda: type(solution.GradScaler(4.0).get_scale()).__name__,
        "defaults": defaults,
    }


@check("values", points=10)
def keeps_account_until_update(solution, make):
    """unscale_ twice, several optimizers between two updates, update without a step."""

    def pair():
        first, second = parameters_of(make), parameters_of(make)
        return first, second, sgd(first), sgd(second), solution.GradScaler(64.0, growth_interval=2)

    def twice():
        parameters, _, optimizer, _, scaler = pair()
        give_gradients(make, parameters, 64.0)
        scaler.unscale_(optimizer)
        again = outcome(scaler.unscale_, optimizer)
        scaler.step(optimizer)
        scaler.update()
        give_gradients(make, parameters, 64.0)
        return again, outcome(scaler.unscale_, optimizer), [p.grad.clone() for p in parameters]

    def both_unscaled():
        first, second, one, two, scaler = pair()
        give_gradients(make, first, 64.0)
        give_gradients(make, second, 64.0)
        scaler.unscale_(one)
        scaler.unscale_(two)
        return [p.grad.clone() for p in first + second], scaler.step(one), scaler.step(two)

    def only_one_unscaled():
        first, second, one, two, scaler = pair()
        give_gradients(make, first, 64.0)
        give_gradients(make, second, 64.0)
        scaler.unscale_(one)
        said = [scaler.step(one), scaler.step(two)]
        scaler.update()
        return said, values_of(first + second)

    def skipped(*bad):
        first, second, one, two, scaler = pair()
        give_gradients(make, first, 64.0)
        scaler.step(one)
        scaler.update()  # a good step before
        said, scales = [], []
        for index in range(3):
            give_gradients(make, first, scaler.get_scale(), bad[0] if index == 0 else None)
            give_gradients(make, second, scaler.get_scale(), bad[1] if index == 0 else None)
            said.append(scaler.step(one))
            if index == 0:
                said.append(scaler.step(two))
            scaler.update()
            scales.append(scaler.get_scale())
        return said, numbers(make, scales), values_of(first + second)

    def without_a_step():
        parameters, _, optimizer, _, scaler = pair()
        scales = []
        for steps in (0, 1, 0, 0, 1, 0):
            if steps:
                give_gradients(make, parameters, scaler.get_scale())
                scaler.step(optimizer)
            scaler.update()
            scales.append(scaler.get_scale())
        return numbers(make, scales)

    def after_a_skip():
        parameters, _, optimizer, _, scaler = pair()
        give_gradients(make, parameters, 64.0, math.inf)
        scaler.step(optimizer)
        scales = []
        for _ in range(3):
            scaler.update()
            scales.append(scaler.get_scale())
        return numbers(make, scales)

    return {
        "unscale_ twice": twice,
        "two optimizers unscaled": both_unscaled,
        "one of two unscaled": only_one_unscaled,
        "the first of two is skipped": lambda: skipped(math.inf, None),
        "the second of two is skipped": lambda: skipped(None, math.nan),
        "both are skipped": lambda: skipped(math.nan, math.inf),
        "update without a step": without_a_step,
        "update again after a skip": after_a_skip,
    }


@check("values", points=10, before=HISTORY)
def continues_after_a_restart(solution, make, before):
    """A new scaler that loads the state goes on as the old one; the state is a snapshot."""

    def begun():
        return solution.GradScaler(64.0, 2.0, 0.25, 3)

    def follow(scaler, history):
        parameters, scales = parameters_of(make), []
        optimizer = sgd(parameters)
        for good in history:
            give_gradients(make, parameters, scaler.get_scale(), None if good else math.inf)
            scaler.step(optimizer)
            scaler.update()
            scales.append(scaler.get_scale())
        return numbers(make, scales)

    def resumed():
        old, new = begun(), begun()
        follow(old, before)
        new.load_state_dict(old.state_dict())
        return numbers(make, [new.get_scale()]), follow(new, [True] * 5)

    def goes_on_after_saving():
        old = begun()
        follow(old, before)
        saved = old.state_dict()
        on = follow(old, [True, False, True])
        first, second = begun(), begun()
        first.load_state_dict(saved)
        again = follow(first, [True] * 4)
        second.load_state_dict(saved)
        return on, again, follow(second, [False, True, True])

    return {"resumed": resumed, "goes on after saving": goes_on_after_saving}


class PlainScaler:
    """A scaler with a fixed scale, so that amp_step is seen by itself; notes the calls that change something."""

    def __init__(self, factor):
        self.factor, self.calls, self.unscaled = factor, [], False

    def scale(self, loss):
        self.calls.append(f"scale({loss.dtype})")
        return loss * self.factor

    def unscale_(self, optimizer):
        self.unscaled = True
        for group in optimizer.param_groups:
            for parameter in group["params"]:
                if parameter.grad is not None:
                    parameter.grad.div_(self.factor)

    def step(self, optimizer):
        if not self.unscaled:
            self.unscale_(optimizer)
        self.calls.append("step")
        optimizer.step()
        return True

    def update(self):
        self.calls.append("update")
        self.unscaled = False

    def get_scale(self):
        return self.factor


class Noting(torch.optim.SGD):
    """Notes the gradients that each step is made with."""

    def __init__(self, model):
        super().__init__(model.parameters(), lr=0.1)
        self.model, self.seen = model, []

    def step(self, closure=None):
        self.seen.append({name: parameter.grad.clone() for name, parameter in self.model.named_parameters()})
        return super().step(closure)


class Seen(nn.Module):
    """Hands on its input and notes the type, the mode and whether autocast is on."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def forward(self, x):
        self.seen.append((x.dtype, self.training, torch.is_autocast_enabled(x.device.type)))
        return x


def network(make):
    """(N, 4) -> (N, 3), in float32 whatever the yardstick is."""
    return make.filled(nn.Sequential(nn.Linear(4, 8), nn.Tanh(), Seen(), nn.Linear(8, 3))).float()


def data(make, count=5):
    return make.normal(count, 4, dtype=torch.float32), make.integers(0, 3, count)


@check(
    "gradient",
    points=15,
    count=some.integers(1, 6),
    factor=some.sampled_from([1.0, 1024.0, 2.0**14]),
    max_norm=some.sampled_from([0.5, 0.05, 100.0]),
    examples=8,
)
def steps_with_unscaled_gradients(solution, make, count, factor, max_norm):
    """amp_step: the loss, the gradients of the step, clipped or not, and the weights after two of them."""

    def run(*options, stale=False, **named):
        model = network(make)
        optimizer, scaler = Noting(model), PlainScaler(factor)
        if stale:
            for parameter in model.parameters():
                parameter.grad = make.normal(*parameter.shape, dtype=torch.float32)
        losses = [
            solution.amp_step(model, *data(make, count), F.cross_entropy, optimizer, scaler, *options, **named)
            for _ in range(2)
        ]
        return losses, optimizer.seen, state(model)

    return {
        "bfloat16": run,
        "float16": lambda: run(torch.float16),
        "clipped": lambda: run(torch.bfloat16, max_norm),
        "clipped, float16": lambda: run(dtype=torch.float16, max_norm=max_norm),
        "max_norm 0": lambda: run(max_norm=0.0),
        "gradients from before": lambda: run(stale=True),
        "gradients from before, clipped": lambda: run(max_norm=max_norm, stale=True),
    }


@check("values", points=10)
def computes_each_part_in_its_type(solution, make):
    """amp_step: types inside the model, of the loss and of the weights; the calls; the modes and the inputs."""

    def run(*options, training=True):
        model = network(make)
        model.train(training)
        model[2].train()
        optimizer, scaler, told = sgd(model.parameters()), PlainScaler(8.0), []

        def loss_fn(outputs, targets):
            told.append((outputs.dtype, targets.dtype, torch.is_autocast_enabled(outputs.device.type)))
            return F.cross_entropy(outputs, targets)

        loss = solution.amp_step(model, *data(make), loss_fn, optimizer, scaler, *options)
        return {
            "inside the model": model[2].seen,
            "in loss_fn": told,
            "calls": scaler.calls,
            "returned": type(loss).__name__,
            "weights": [parameter.dtype for parameter in model.parameters()],
            "modes": modes(model),
            "autocast afterwards": torch.is_autocast_enabled(make.device.type),
        }

    def inputs_after():
        model, (x, y) = network(make), data(make)
        return changes(
            lambda: solution.amp_step(model, x, y, F.cross_entropy, sgd(model.parameters()), PlainScaler(8.0)), x, y
        )

    return {
        "default": run,
        "float16": lambda: run(torch.float16),
        "clipped": lambda: run(torch.bfloat16, 0.1),
        "evaluation mode": lambda: run(training=False),
        "inputs": inputs_after,
    }


@check("values", points=5)
def skips_what_overflows(solution, make):
    """amp_step with your GradScaler in float16, from a scale that is far too large: losses, scales, weights."""

    def run(max_norm):
        model, (x, y) = network(make), data(make)
        optimizer, scaler = sgd(model.parameters()), solution.GradScaler(2.0**28, 2.0, 0.125, 4)
        seen = []
        for _ in range(8):
            loss = solution.amp_step(model, x, y, F.cross_entropy, optimizer, scaler, torch.float16, max_norm)
            seen.append((loss, scaler.get_scale(), state(model)))
        return seen

    return {"plain": lambda: run(None), "clipped": lambda: run(0.1)}


def a_linear_function(make):
    """A linear function of 8 features, with noise; the noiseless values of the last 256 rows are hidden."""
    x, weights = make.normal(1280, 8), make.normal(8)
    y = x @ weights / weights.norm()
    return {"x": x[:1024], "y": y[:1024] + 0.1 * make.normal(1024), "x_new": x[1024:]}, y[1024:]


def unexplained(predictions, targets):
    if not isinstance(predictions, torch.Tensor) or predictions.shape != targets.shape:
        return f"the model does not map (256, 8) to {tuple(targets.shape)} predictions"
    return float((predictions.double() - targets).square().mean() / targets.double().var())


@check("convergence", points=5, task=a_linear_function, judged_by=at_most(0.05, unexplained, "unexplained variance"))
def learns_from_tiny_gradients(solution, make, given):
    """Trains in float16 on a loss of 1e-7, whose gradients are 0 in float16 unless they are scaled."""
    model = nn.Sequential(nn.Linear(8, 1), nn.Flatten(0)).to(make.device)
    optimizer = torch.optim.SGD(model.parameters(), lr=1e6)
    scaler, losses = solution.GradScaler(), []

    def tiny(outputs, targets):
        return 1e-7 * F.mse_loss(outputs, targets)

    for step in range(100):
        rows = torch.arange(step * 32, (step + 1) * 32, device=make.device) % 1024
        losses.append(
            solution.amp_step(model, given["x"][rows], given["y"][rows], tiny, optimizer, scaler, torch.float16) * 1e7
        )
    with torch.no_grad():
        return model(given["x_new"]), losses
