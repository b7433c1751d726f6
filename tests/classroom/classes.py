"""Classes that are graded by the real judge, on a pack of two tiny problems."""

from __future__ import annotations

import contextlib
import io
import json
import sqlite3
from pathlib import Path
from typing import Any

import jsonschema
from referencing import Registry, Resource
from rich.console import Console

from judge.classroom import LocalEngine, grade_folder
from judge.problems import packs
from judge.report.json import RESULTS_SCHEMA, SCHEMA

RIGHT = "def double(x):\n    return 2 * x\n"
WRONG = "def double(x):\n    return 3 * x\n"
SLOW = "import time\n\n\ndef double(x):\n    time.sleep(0.5)\n    return {} * x\n"
GONE = "import os\n\n\ndef double(x):\n    os._exit(1)\n"
STUB = '"""Twice a tensor."""\n\n\ndef double(x):\n    raise NotImplementedError\n'
SETTINGS = 'title = "Double"\nsource = "A.1"\ntags = []\ndifficulty = "easy"\nminutes = 1\nrequires = ["double"]\n'
CHECKS = '''"""What it is judged on."""

from judge.checks import check


@check("values", points=100)
def doubles(solution, make):
    """Twice the input."""
    return solution.double(make.normal(3))
'''


def tiny_pack(root: Path) -> Path:
    """A pack with 991-double, and 992-lost, whose reference ends its process: the judge cannot judge it."""
    for slug, reference in (("991-double", RIGHT), ("992-lost", GONE)):
        folder, hidden = root / "problems" / slug, root / "reference" / slug
        (folder / "mistakes").mkdir(parents=True)
        hidden.mkdir(parents=True)
        texts = {"problem.toml": SETTINGS, "checks.py": CHECKS, "stub.py": STUB, "hints.md": "", "statement.md": "2 x"}
        for name, text in texts.items():
            (folder / name).write_text(text)
        (hidden / "solution.py").write_text(reference)
    return root


def hand_in(folder: Path, files: dict[str, str]) -> Path:
    """A class's folder with these files."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


class Class:
    """A folder that is graded, and what came out of the last time."""

    def __init__(self, folder: Path, out: Path | None, *packs_added: Path) -> None:
        self.folder, self.out = folder, out
        self.packs = packs(packs_added)
        self.text = ""

    def grade(self, **options: Any) -> int:
        page = io.StringIO()
        engine = LocalEngine(options.pop("devices", ["cpu"]), options.pop("jobs", 2), "L0")
        chosen = {"seed": None, "console": Console(file=page, width=80), **options}
        status = grade_folder(self.folder, packs=self.packs, engine=engine, out=self.out, **chosen)
        self.text = page.getvalue()
        return status

    @property
    def results(self) -> dict[str, Any]:
        """results.json, after it was found to be what its schema says."""
        results = json.loads((self.out / "results.json").read_text())
        results_validator().validate(results)
        return results

    @property
    def by_student(self) -> dict[str, dict[str, Any]]:
        return {one["student"]: one for one in self.results["results"]}


def results_validator() -> jsonschema.Draft202012Validator:
    registry = Registry().with_resource("schema.json", Resource.from_contents(json.loads(SCHEMA.read_text())))
    return jsonschema.Draft202012Validator(json.loads(RESULTS_SCHEMA.read_text()), registry=registry)


def reports(out: Path) -> dict[str, str]:
    """The reports in a gradebook by key, also while another process writes them."""
    if not (out / "gradebook.sqlite").exists():
        return {}
    with contextlib.closing(sqlite3.connect(out / "gradebook.sqlite")) as connection:
        try:
            return dict(connection.execute("SELECT key, report FROM reports"))
        except sqlite3.OperationalError:  # just being made
            return {}
