"""Whatever lies in a folder of solutions, each entry is a submission or listed as unmatched."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from hypothesis import example, given
from hypothesis import strategies as some
from rich.console import Console

from judge.classroom.archive import is_ignored
from judge.classroom.assignment import everything
from judge.classroom.gradebook import Entry, Gradebook, content_of
from judge.classroom.grades import grade_class
from judge.classroom.intake import Intake, collect
from judge.classroom.results import write_grades, write_intake, write_results
from judge.classroom.students import Student
from judge.classroom.summary import show
from judge.grading import Solution
from judge.problems import packs
from tests.fuzz.inputs import few, odd_texts
from tests.report.samples import report

PACKS = packs()
ODD = [
    *("25.py", "25-self-attention.py", "25_Self Attention (1).py", "２５.py", "25.PY", "25.py\n", "25\n.py", "²5.py"),
    *("attention.py", "self.py", "999.py", "25-resnet.py", "-.py", "25-.py", "0025.py", " .py", "..py", "a.py.txt"),
    *("\x1b[2J.py", "[bold]25[/bold].py", "\u202eyp.52", "caf\udce9.py", "\udcff", "\r", "名" * 80, "x" * 255),
    *(
        "x" * 252 + ".py",
        "25-" + "y" * 249 + ".py",
        ".hidden",
        "__pycache__",
        "nul",
        "con.py",
        "{}.py",
        "%s",
        "~",
        "$HOME",
    ),
]
names = some.sampled_from(ODD) | odd_texts.map(lambda text: text.replace("/", "_").replace("\0", "_"))
kinds = some.sampled_from(["file", "file", "file", "empty", "folder", "fifo"])
links = some.sampled_from(["loop", "nowhere", "out", "beside", "too long", "itself"])
entries = some.dictionaries(names, kinds | links, max_size=5)
trees = some.dictionaries(names, kinds | links | entries, max_size=5)


def plant(folder: Path, tree: dict) -> None:
    """Makes the entries; names that this file system does not take are left out."""
    for name, kind in tree.items():
        path = folder / name
        targets = {"nowhere": "missing", "out": "/etc/passwd", "beside": "25.py", "too long": "x" * 300}
        with contextlib.suppress(OSError, ValueError):  # too long; "." and ".."; not to be encoded
            if isinstance(kind, dict):
                path.mkdir()
                plant(path, kind)
            elif kind in ("file", "empty"):
                with open(path, "xb") as file:
                    file.write(b"x = 1\n" if kind == "file" else b"")
            elif kind == "folder":
                path.mkdir()
            elif kind == "fifo":
                os.mkfifo(path)
            else:
                path.symlink_to({"loop": path, "itself": "."}.get(kind) or targets[kind])


@contextlib.contextmanager
def planted(tree: dict) -> Iterator[Path]:
    root = Path(tempfile.mkdtemp())
    try:
        plant(root, tree)
        yield root
    finally:
        shutil.rmtree(root)


def visible(folder: Path) -> set[str]:
    return {name for name in os.listdir(folder) if not is_ignored(name)}


def lost(folder: Path, intake: Intake) -> set[str]:
    """What is neither a submission nor listed, nor a folder of which everything is one of both."""
    told = {os.fspath(one.path.relative_to(folder)) for one in intake.submissions}
    told |= {one.path for one in [*intake.unmatched, *intake.superseded]}
    missing = visible(folder) - told
    for name in list(missing):
        inside = folder / name
        if inside.is_dir() and not inside.is_symlink() and (held := visible(inside)):
            missing.remove(name)
            missing |= {f"{name}/{one}" for one in held} - told
    return missing


@few
@given(trees, some.booleans())
@example({"25.py": "loop", "notes": "loop"}, True)
@example({"ada": {"25.py": "file"}, "ben": "too long"}, False)
@example({"ada": {"25.py": "file", "notes": "too long"}}, False)
@example({"x" * 255: {"25.py": "file"}, "x" * 254 + "y": {"25.py": "file"}}, True)
def test_nothing_in_a_folder_is_lost(tree, with_results):
    with planted(tree) as folder:
        out = folder / "out" if with_results else None
        intake = collect(folder, PACKS, leave_out=out)
        assert not lost(folder, intake) - {"out"}
        assert all(len(one.reason.splitlines()) == 1 for one in intake.unmatched)
        for one in intake.submissions:
            assert Solution.read(one.path, root=one.root)
        with Gradebook(folder / "out") as book:
            names = {one.student for one in intake.submissions}
            entries = []
            for one in intake.submissions:
                solution = Solution.read(one.path, root=one.root)
                content = content_of(solution)
                entries.append((Entry(one.student, one.problem.slug, str(one.path), content, content), solution))
            book.enter(map(Student, names), entries, intake.unmatched, seed=1, devices=["cpu"], torch_version="2")
            for entry, solution in entries:
                book.keep(entry.key, report(file=str(solution.path)))
            record = book.record()
            write_results(book, record, finished=True)
            grades = grade_class(record, everything(entry.problem for entry in record.entries))
            write_grades(book.folder, grades)
            write_intake(book.folder, intake)
        page = io.StringIO()
        show(grades, Console(file=page, width=80))
        assert set(page.getvalue()) & set(map(chr, (*range(32), *range(127, 160)))) <= {"\n"}
        page.getvalue().encode()
        texts = {path.name for path in (folder / "out").glob("*.txt")}
        assert len(texts) == len({one.student for one in record.entries})
