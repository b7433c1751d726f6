"""What this machine can do for the judge, for `judge doctor`: each line says what is there and how to get the rest."""

from __future__ import annotations

import importlib.metadata
import platform
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
from rich.console import Console
from rich.table import Table

from judge import __version__, devices
from judge.history import History
from judge.problems import packs


class Finding(msgspec.Struct, frozen=True):
    """One line: what was looked at, whether it is as it should be, and what was seen or is to be done."""

    name: str
    good: bool
    text: str


def examine(pack_folders: Sequence[Path], console: Console) -> int:
    """Prints everything; 0 when solutions can be judged here, 1 when torch or the problems are unusable."""
    essential = [*_versions(), *_problems(pack_folders)]
    _print(console, "judge", [*essential, _history()])
    _print(console, "devices", list(_devices()))
    level, layers = _isolation()
    _print(console, f"isolation {level}", layers)
    return 0 if all(finding.good for finding in essential) else 1


def _versions() -> Iterator[Finding]:
    yield Finding("judge", True, f"{__version__}, Python {platform.python_version()}, {platform.platform(terse=True)}")
    for package in ("torch", "torchvision"):
        try:
            yield Finding(package, True, importlib.metadata.version(package))
        except importlib.metadata.PackageNotFoundError:
            yield Finding(package, False, f"not installed: pip install {package}")
    try:
        import torch  # noqa: F401
    except Exception as error:
        yield Finding("torch", False, f"cannot be imported: {error}")


def _problems(pack_folders: Sequence[Path]) -> Iterator[Finding]:
    try:
        known = packs(pack_folders)
    except ValueError as error:
        yield Finding("problems", False, str(error))
        return
    for pack in known.places:
        count = sum(1 for name in known.names if name.rpartition("/")[0] == pack.name)
        yield Finding("problems", count > 0, f"{count} in {pack.root}")
    for name in known.names:
        try:
            known.read(name)
        except ValueError as error:
            yield Finding("problems", False, str(error))


def _history() -> Finding:
    with History() as history:
        return Finding("attempts", history.kept, history.trouble or f"kept in {history.file}")


def _devices() -> Iterator[Finding]:
    for name in ("cpu", "cuda", "mps", "sim"):
        try:
            devices.resolve([name])
        except Exception as error:  # an old torch lacks attributes that newer ones have
            yield Finding(name, False, str(error).partition(" cannot be used here: ")[2] or str(error))
        else:
            yield Finding(name, True, _description(name))


def _description(name: str) -> str:
    if name == "cuda":
        import torch

        return ", ".join(torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count()))
    return "simulated accelerator: finds tensors made on the wrong device" if name == "sim" else "ready"


def _isolation() -> tuple[str, list[Finding]]:
    from judge.sandbox import isolation

    layers = isolation.detect()
    return isolation.level(layers), [Finding(*line) for line in isolation.explain(layers)]


def _print(console: Console, title: str, findings: Sequence[Finding]) -> None:
    table = Table.grid(padding=(0, 2))
    table.add_column(width=1)
    table.add_column(min_width=12)
    table.add_column(overflow="fold")
    for finding in findings:
        table.add_row("[green]✓[/]" if finding.good else "[yellow]–[/]", finding.name, finding.text)
    console.print(title, style="bold")
    console.print(table)
    console.print()
