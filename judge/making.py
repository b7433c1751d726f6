"""Inputs for checks, drawn from a seed so that every process and every device sees the same numbers."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import torch
from torch import nn


def derive_seed(*parts: object) -> int:
    """A 63-bit seed from any parts; knowing it tells nothing about the parts or about other seeds."""
    text = "\x1f".join(str(part) for part in parts)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


def seed_torch(seed: int) -> None:
    """torch.manual_seed, without what that costs (2 ms) for each accelerator that has not been used yet."""
    torch.default_generator.manual_seed(seed)
    if torch.cuda.is_initialized():
        torch.cuda.manual_seed_all(seed)
    if torch.backends.mps.is_available():
        torch.mps.manual_seed(seed)


class Make:
    """Draws inputs on a CPU generator and puts them on the check's device.

    Floating-point numbers are drawn in float32 and then promoted, so a run under float64 sees the same inputs. Nothing
    here sets a default device: a solution that forgets `device=` must be caught.
    """

    def __init__(self, seed: int, device: str = "cpu", dtype: torch.dtype = torch.float32, folder: str = "") -> None:
        self.seed = seed
        self.device = torch.device(device)
        self.dtype = dtype  # what floating-point inputs have: float32, or float64 for the yardstick
        self.folder = folder  # a private, empty folder (checks that need files)
        self.filled_names: list[tuple[str, tuple[int, ...]]] = []
        self._generator = torch.Generator()
        self._generator.manual_seed(seed)

    def restart(self, *parts: object) -> None:
        """Seeds `make` and torch's global generator anew, for one case of a check."""
        self._generator.manual_seed(derive_seed(self.seed, *parts))
        seed_torch(derive_seed(self.seed, "torch", *parts))

    def _float(self, tensor: torch.Tensor, dtype: torch.dtype | None, requires_grad: bool) -> torch.Tensor:
        placed = tensor.to(dtype or self.dtype).to(self.device)
        return placed.requires_grad_() if requires_grad else placed

    def normal(
        self,
        *shape: int,
        mean: float = 0.0,
        std: float = 1.0,
        dtype: torch.dtype | None = None,
        requires_grad: bool = False,
    ) -> torch.Tensor:
        """Normal numbers of this shape; a leaf when `requires_grad`."""
        return self._float(
            torch.randn(shape, generator=self._generator, dtype=torch.float32) * std + mean, dtype, requires_grad
        )

    def uniform(
        self,
        *shape: int,
        low: float = 0.0,
        high: float = 1.0,
        dtype: torch.dtype | None = None,
        requires_grad: bool = False,
    ) -> torch.Tensor:
        """Uniform numbers in [low, high)."""
        drawn = torch.rand(shape, generator=self._generator, dtype=torch.float32) * (high - low) + low
        return self._float(drawn, dtype, requires_grad)

    def integers(self, low: int, high: int, *shape: int) -> torch.Tensor:
        """int64 numbers in [low, high)."""
        return torch.randint(low, high, shape, generator=self._generator).to(self.device)

    def mask(self, *shape: int, share: float = 0.6, at_least_one: bool = True) -> torch.Tensor:
        """Booleans, True with probability `share`; each row along the last dimension has at least one True."""
        drawn = torch.rand(shape, generator=self._generator, dtype=torch.float32) < share
        if at_least_one and shape and shape[-1] > 0:
            index = torch.randint(0, shape[-1], (*shape[:-1], 1), generator=self._generator)
            drawn = drawn.scatter(-1, index, True)
        return drawn.to(self.device)

    def permutation(self, count: int) -> torch.Tensor:
        """The numbers 0 to count - 1 in random order."""
        return torch.randperm(count, generator=self._generator).to(self.device)

    def integer(self, low: int, high: int) -> int:
        """One Python int in [low, high)."""
        return int(torch.randint(low, high, (), generator=self._generator))

    def tensor(self, data: Any, dtype: torch.dtype | None = None, requires_grad: bool = False) -> torch.Tensor:
        """Given numbers as a tensor on the device; floating-point ones get `make.dtype` unless told otherwise."""
        raw = torch.as_tensor(data)
        if dtype is None and not raw.is_floating_point():
            return raw.to(self.device)
        return self._float(raw, dtype, requires_grad)

    def place(self, value: Any) -> Any:
        """A tree of given data with its tensors on the device, floating-point ones in `make.dtype`."""
        if isinstance(value, torch.Tensor):
            return self.tensor(value)
        if isinstance(value, dict):
            return {key: self.place(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return type(value)(self.place(item) for item in value)
        return value

    def generator(self, seed: int = 0) -> torch.Generator:
        """A fresh CPU generator, for `generator=` arguments; the same number gives the same state."""
        generator = torch.Generator()
        generator.manual_seed(derive_seed(self.seed, "generator", seed))
        return generator

    def filled(self, module: nn.Module, scale: float = 1.0) -> nn.Module:
        """The module on the device with parameters and buffers filled by their names.

        A value depends on the seed, the name and the shape, not on the order of creation. The judge compares the names
        and shapes with the reference's before it looks at any number. Matrices get a variance of about scale² / fan_in,
        vectors called weight values around 1, running_var positive values; integer buffers stay as they are.
        """
        entries = module.state_dict()
        self.filled_names.extend((name, tuple(tensor.shape)) for name, tensor in entries.items())
        with torch.no_grad():
            for name, tensor in entries.items():
                if tensor.is_floating_point():
                    tensor.copy_(self._value(name, tensor.shape, scale).to(tensor.dtype))
        return module.to(device=self.device, dtype=self.dtype)

    def _value(self, name: str, shape: Sequence[int], scale: float) -> torch.Tensor:
        generator = torch.Generator()
        generator.manual_seed(derive_seed(self.seed, "filled", name, tuple(shape)))
        normal = torch.randn(tuple(shape), generator=generator, dtype=torch.float32)
        last = name.rsplit(".", 1)[-1]
        if last == "running_var":
            return torch.rand(tuple(shape), generator=generator, dtype=torch.float32) + 0.5
        if len(shape) >= 2:
            return normal * (scale / max(1, normal[0].numel()) ** 0.5)
        return 1 + 0.2 * normal if last == "weight" else 0.2 * normal


class Recorder(Make):
    """Also keeps what it drew, in order, for a program that makes the same call without the judge.

    `drawn` holds (case, method, value); the value is a tensor or an integer, of `filled` the module's state, of
    `generator` its seed.
    """

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.drawn: list[tuple[str, str, Any]] = []
        self._case = ""

    def restart(self, *parts: object) -> None:
        super().restart(*parts)
        self._case = str(parts[0]) if parts else ""

    def _keep(self, method: str, value: Any) -> None:
        self.drawn.append((self._case, method, value))

    def filled(self, module: nn.Module, scale: float = 1.0) -> nn.Module:
        filled = super().filled(module, scale)
        self._keep("filled", {name: tensor.detach().clone() for name, tensor in filled.state_dict().items()})
        return filled

    def generator(self, seed: int = 0) -> torch.Generator:
        generator = super().generator(seed)
        self._keep("generator", generator.initial_seed())
        return generator


def _recorded(method: str) -> Any:
    def draw(self: Recorder, *arguments: Any, **named: Any) -> Any:
        value = getattr(Make, method)(self, *arguments, **named)
        self._keep(method, value.detach().clone() if isinstance(value, torch.Tensor) else value)
        return value

    return draw


DRAWS = ("normal", "uniform", "integers", "mask", "permutation", "integer")
for _method in DRAWS:
    setattr(Recorder, _method, _recorded(_method))
