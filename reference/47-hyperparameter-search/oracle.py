"""scikit-learn's Gaussian process and grid, SciPy's normal distribution."""

import math

import numpy
import torch
from scipy.stats import loguniform, norm, randint
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF


def grid_search(space, objective):
    if not space or any(len(values) == 0 for values in space.values()):
        raise ValueError
    shape = [len(values) for values in space.values()]
    configs = [
        {name: values[i] for (name, values), i in zip(space.items(), index, strict=True)}
        for index in numpy.ndindex(*shape)
    ]
    results = numpy.array([objective(config) for config in configs])
    index = int(numpy.nanargmin(results))
    return configs[index], float(results[index])


def random_search(space, objective, trials, generator=None):
    if trials < 1:
        raise ValueError
    seed = int(torch.randint(2**31, (), generator=generator))
    state = numpy.random.RandomState(seed)
    laws = {
        "uniform": lambda low, high: state.uniform(low, high),
        "log": lambda low, high: float(loguniform.rvs(low, high, random_state=state)),
        "int": lambda low, high: int(randint.rvs(low, high + 1, random_state=state)),
        "choice": lambda choices: choices[state.randint(len(choices))],
    }
    configs = [{name: laws[law](*limits) for name, (law, *limits) in space.items()} for _ in range(trials)]
    results = numpy.array([objective(config) for config in configs])
    index = int(numpy.nanargmin(results))
    return configs[index], float(results[index])


def expected_improvement(mean, std, best):
    m, s = mean.double().numpy(), std.double().numpy()
    gain = float(best) - m
    with numpy.errstate(divide="ignore", invalid="ignore"):
        expected = gain * norm.cdf(gain / s) + s * norm.pdf(gain / s)
    return torch.from_numpy(numpy.where(s == 0, numpy.maximum(gain, 0), expected)).to(mean.dtype)


class GaussianProcess:
    def __init__(self, length_scale=1.0, noise=1e-6):
        self.model = GaussianProcessRegressor(RBF(length_scale, "fixed"), alpha=noise, optimizer=None)

    def fit(self, x, y):
        self.model.fit(x.double().numpy(), y.double().numpy())

    def predict(self, x):
        mean, std = self.model.predict(x.double().numpy(), return_std=True)
        return torch.from_numpy(mean), torch.from_numpy(std)


def bayesian_optimize(objective, bounds, trials, seed=0):
    if trials < 1:
        raise ValueError
    state, box = numpy.random.RandomState(seed), bounds.double().numpy()
    units, points, values = [], [], []
    for _ in range(trials):
        candidates = state.uniform(size=(1000, len(box)))
        good = [i for i, value in enumerate(values) if not math.isnan(value)]
        unit = candidates[0]
        if len(good) >= 4:
            y = numpy.array([values[i] for i in good])
            model = GaussianProcessRegressor(RBF(0.2, "fixed"), alpha=1e-5, optimizer=None, normalize_y=True)
            model.fit(numpy.stack([units[i] for i in good]), y)
            mean, std = model.predict(candidates, return_std=True)
            gains = expected_improvement(torch.from_numpy(mean), torch.from_numpy(std), float(y.min()))
            unit = candidates[int(gains.argmax())]
        units.append(unit)
        points.append(torch.from_numpy(box[:, 0] + unit * (box[:, 1] - box[:, 0])).to(bounds.dtype))
        values.append(float(objective(points[-1])))
    index = int(numpy.nanargmin(values))
    return points[index], values[index]
