"""The rooms of docs/architecture.md, from the outside in: each imports only those further in."""

import ast
from pathlib import Path

import pytest

import judge

PACKAGE = Path(judge.__file__).parent
ROOMS = [
    ("cli",),
    ("classroom",),
    ("verify", "mutation", "skeleton", "doctor", "verified"),
    ("practice", "notebook", "pytest_plugin", "history"),
    (
        "grading",
        "attempt",
        "subjects",
        "memory",
        "timed",
        "pictures",
        "diagnosis",
        "machine",
        "spares",
        "frozen",
        "keeping",
    ),
    ("report", "progress"),
    ("compare", "findings", "remarks", "yardstick", "timing"),
    ("checks", "making", "looking", "examples", "observing"),
    ("problems", "finding", "settings", "forbidden"),
    ("devices",),
    ("sandbox",),
    ("observations", "language", "parsing"),
]
DEPTH = {name: depth for depth, names in enumerate(ROOMS) for name in names}


def imported(path: Path) -> set[str]:
    """The rooms that a file imports anything from, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module is not None:
            names = [f"{node.module}.{name.name}" for name in node.names]
        else:
            names = [name.name for name in node.names] if isinstance(node, ast.Import) else []
        found |= {name.split(".")[1] for name in names if name.startswith("judge.")}
    return found & DEPTH.keys()


def modules() -> list[str]:
    return sorted({path.stem for path in PACKAGE.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()})


def test_every_module_has_a_room():
    assert set(modules()) - {"__init__", "__main__"} == set(DEPTH)


@pytest.mark.parametrize("room", sorted(DEPTH))
def test_a_room_knows_only_those_further_in(room):
    files = [*(PACKAGE / room).rglob("*.py"), *PACKAGE.glob(f"{room}.py")]
    outside = {(file.name, name) for file in files for name in imported(file) if DEPTH[name] < DEPTH[room]}
    assert files
    assert outside == set()
