"""Grid search, random search, and Bayesian optimisation with a Gaussian process (Jones et al., 1998)."""

import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Generator, Tensor


def best_of(configs: list[Any], values: list[float]) -> tuple[Any, float]:
    """The first of the lowest values; nan loses against everything."""
    winner = min(range(len(values)), key=lambda i: math.inf if math.isnan(values[i]) else values[i])
    return configs[winner], values[winner]


def grid_search(space: dict[str, Sequence], objective: Callable[[dict], float]) -> tuple[dict, float]:
    if not space or not all(len(choices) for choices in space.values()):
        raise ValueError("the space needs a name, and each name a value")
    configs = [dict(zip(space, values, strict=True)) for values in itertools.product(*space.values())]
    return best_of(configs, [float(objective(config)) for config in configs])


def draw(kind: str, *limits: Any, generator: Generator | None) -> Any:
    u = torch.rand((), generator=generator, dtype=torch.float64).item()  # [0, 1)
    if kind == "choice":
        return limits[0][int(u * len(limits[0]))]
    low, high = limits
    if kind == "int":
        return low + int(u * (high - low + 1))
    if kind == "log":
        return math.exp(math.log(low) + u * (math.log(high) - math.log(low)))
    return low + u * (high - low)


def random_search(
    space: dict[str, tuple], objective: Callable[[dict], float], trials: int, generator: Generator | None = None
) -> tuple[dict, float]:
    if trials < 1:
        raise ValueError(f"at least one trial, not {trials}")
    configs = [{name: draw(*law, generator=generator) for name, law in space.items()} for _ in range(trials)]
    return best_of(configs, [float(objective(config)) for config in configs])


def expected_improvement(mean: Tensor, std: Tensor, best: float | Tensor) -> Tensor:
    """E[max(best - f, 0)] for f ~ N(mean, std^2)."""
    gain = best - mean
    sure = std == 0
    z = gain / std  # what comes of 0 is replaced at the end
    density = torch.exp(-0.5 * z.square()) / math.sqrt(2 * math.pi)
    expected = gain * torch.special.ndtr(z) + std * density
    return torch.where(sure, gain.clamp(min=0), expected)


class GaussianProcess:
    def __init__(self, length_scale: float = 1.0, noise: float = 1e-6):
        self.length_scale = length_scale
        self.noise = noise

    def kernel(self, a: Tensor, b: Tensor) -> Tensor:
        squared = (a[:, None] - b[None]).square().sum(-1)  # (N, 1, D) - (1, M, D) -> (N, M)
        return torch.exp(-squared / (2 * self.length_scale**2))

    def fit(self, x: Tensor, y: Tensor) -> None:
        self.x = x.double()
        covariance = self.kernel(self.x, self.x)
        covariance.diagonal().add_(self.noise)
        self.chol = torch.linalg.cholesky(covariance)  # K + noise I = L L^T
        self.weights = torch.cholesky_solve(y.double()[:, None], self.chol)[:, 0]  # (K + noise I)^-1 y

    def predict(self, x: Tensor) -> tuple[Tensor, Tensor]:
        cross = self.kernel(self.x, x)  # (N, M)
        explained = torch.linalg.solve_triangular(self.chol, cross, upper=False).square().sum(0)
        return cross.T @ self.weights, (1 - explained).clamp(min=0).sqrt()


def bayesian_optimize(
    objective: Callable[[Tensor], float], bounds: Tensor, trials: int, seed: int = 0
) -> tuple[Tensor, float]:
    if trials < 1:
        raise ValueError(f"at least one trial, not {trials}")
    generator = torch.Generator().manual_seed(seed)
    low, high = bounds.unbind(1)
    points, values = [], []  # points in the unit cube, where one length scale suits every dimension
    for trial in range(trials):
        candidates = torch.rand(1000, len(bounds), generator=generator, dtype=torch.float64)
        known = [i for i, value in enumerate(values) if not math.isnan(value)]
        if trial < 2 + 2 * len(bounds) or not known:
            point = candidates[0]
        else:
            x, y = torch.stack([points[i] for i in known]), torch.tensor([values[i] for i in known]).double()
            y = (y - y.mean()) / y.std(correction=0).clamp(min=1e-12)
            process = GaussianProcess(length_scale=0.25, noise=1e-5)
            process.fit(x, y)
            near = x[y.argmin()] + 0.03 * torch.randn(200, len(bounds), generator=generator, dtype=torch.float64)
            candidates = torch.cat([candidates, near.clamp(0, 1)])
            point = candidates[expected_improvement(*process.predict(candidates), y.min()).argmax()]
        points.append(point)
        values.append(float(objective(low + point.to(bounds) * (high - low))))
    point, value = best_of(points, values)
    return low + point.to(bounds) * (high - low), value
