"""Another right way: recursion over the grid, an inverted kernel matrix, a length scale chosen by its evidence."""

import math

import torch
from torch.distributions import Normal


def grid_search(space, objective):
    if len(space) == 0 or min(len(list(values)) for values in space.values()) == 0:
        raise ValueError("empty search space")
    winner = None

    def visit(names, chosen):
        nonlocal winner
        if names:
            for value in space[names[0]]:
                visit(names[1:], chosen | {names[0]: value})
            return
        value = objective(chosen)
        better = winner is None or winner[1] != winner[1] or value < winner[1]
        if better:
            winner = (chosen, value)

    visit(list(space), {})
    return winner


def random_search(space, objective, trials, generator=None):
    if trials <= 0:
        raise ValueError("trials must be positive")

    def number(low, high):
        return torch.empty((), dtype=torch.float64).uniform_(low, high, generator=generator).item()

    laws = {
        "uniform": number,
        "log": lambda low, high: 10 ** number(math.log10(low), math.log10(high)),
        "int": lambda low, high: torch.randint(low, high + 1, (1,), generator=generator).item(),
        "choice": lambda choices: choices[torch.randperm(len(choices), generator=generator)[0].item()],
    }
    winner, lowest = None, math.inf
    for _ in range(trials):
        config = {name: laws[law[0]](*law[1:]) for name, law in space.items()}
        value = objective(config)
        if winner is None or value < lowest:
            winner, lowest = config, math.inf if math.isnan(value) else value
    return winner, lowest


def expected_improvement(mean, std, best):
    gain = torch.as_tensor(best, dtype=mean.dtype, device=mean.device) - mean
    z = (gain / std.clamp(min=torch.finfo(std.dtype).tiny)).clamp(-1e3, 1e3)  # where its density is 0 for long
    normal = Normal(torch.zeros((), dtype=mean.dtype, device=mean.device), 1.0, validate_args=False)
    doubtful = gain * normal.cdf(z) + std * normal.log_prob(z).exp()
    return torch.where(std > 0, doubtful, gain.relu())


class GaussianProcess:
    def __init__(self, length_scale=1.0, noise=1e-6):
        self.length_scale, self.noise = length_scale, noise

    def _rbf(self, a, b):
        scaled = torch.cdist(a / self.length_scale, b / self.length_scale, compute_mode="donot_use_mm_for_euclid_dist")
        return (-scaled.pow(2) / 2).exp()

    def fit(self, x, y):
        self._x, self._y = x.to(torch.float64), y.to(torch.float64)
        eye = torch.eye(len(x), dtype=torch.float64, device=x.device)
        self._matrix = self._rbf(self._x, self._x) + self.noise * eye
        self._inverse = torch.linalg.inv(self._matrix)
        return self

    def evidence(self):
        fit = self._y @ self._inverse @ self._y
        return float(-0.5 * fit - 0.5 * torch.logdet(self._matrix))

    def predict(self, x):
        cross = self._rbf(x.to(torch.float64), self._x)
        mean = cross @ (self._inverse @ self._y)
        variance = 1.0 - torch.einsum("mn,nk,mk->m", cross, self._inverse, cross)
        return mean, variance.clamp(min=0.0) ** 0.5


def bayesian_optimize(objective, bounds, trials, seed=0):
    if trials < 1:
        raise ValueError("trials")
    dim = bounds.shape[0]
    box = bounds.detach().cpu().double()
    sobol = torch.quasirandom.SobolEngine(dim, scramble=True, seed=seed)
    unit, ys, xs = [], [], []

    def ask(u):
        x = (box[:, 0] + u * (box[:, 1] - box[:, 0])).to(bounds)
        xs.append(x)
        unit.append(u)
        ys.append(objective(x))

    for u in sobol.draw(min(trials, 2 * dim + 1), dtype=torch.float64):
        ask(u)
    while len(ys) < trials:
        u, y = torch.stack(unit), torch.tensor(ys, dtype=torch.float64)
        good = ~y.isnan()
        if not good.any():
            ask(sobol.draw(1, dtype=torch.float64)[0])
            continue
        u, y = u[good], y[good]
        y = (y - y.mean()) / max(float(y.std(correction=0)), 1e-9)
        models = [GaussianProcess(scale, 1e-4).fit(u, y) for scale in (0.1, 0.2, 0.4, 0.8)]
        model = max(models, key=GaussianProcess.evidence)
        candidates = sobol.draw(512, dtype=torch.float64)
        ask(candidates[int(expected_improvement(*model.predict(candidates), y.min()).argmax())])
    order = sorted(range(trials), key=lambda i: (math.isnan(ys[i]), ys[i] if ys[i] == ys[i] else 0.0))
    return xs[order[0]], float(ys[order[0]])
