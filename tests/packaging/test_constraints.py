"""A fresh install takes exact versions: constraints.txt names every package that judge and its tests need here."""

from __future__ import annotations

import re
from importlib.metadata import distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.version import Version

REPOSITORY = Path(__file__).parents[2]


def pinned() -> dict[str, str]:
    lines = (REPOSITORY / "constraints.txt").read_text().splitlines()
    pins = [line.split("==") for line in lines if line and not line.startswith("#")]
    return {plain(name): version for name, version in pins}


def plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def needed(name: str, extras: tuple[str, ...], found: set[tuple[str, tuple[str, ...]]]) -> set[str]:
    """The names of everything that a distribution requires on this system, directly or not."""
    for text in distribution(name).requires or []:
        one = Requirement(text)
        wanted = one.marker is None or any(one.marker.evaluate({"extra": extra}) for extra in ("", *extras))
        key = plain(one.name), tuple(sorted(one.extras))
        if wanted and key not in found:
            found.add(key)
            needed(one.name, key[1], found)
    return {name for name, _ in found} - {"judge"}


def test_every_package_that_is_needed_is_pinned():
    assert needed("judge", ("dev",), set()) - pinned().keys() == set()


def test_every_pin_is_one_version():
    for version in pinned().values():
        Version(version)


def test_the_readme_installs_with_it():
    assert "pip install -c constraints.txt -e '.[dev]'" in (REPOSITORY / "README.md").read_text()
