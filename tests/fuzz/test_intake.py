"""Whatever somebody hands in as a zip or a notebook: a line that says what is wrong, and no file anywhere else."""

from __future__ import annotations

import csv
import io
import json
import os
import tempfile
import zipfile
from contextlib import ExitStack
from pathlib import Path

from hypothesis import example, given
from hypothesis import strategies as some

from judge.classroom.intake import Intake, Options, UnusablePlace, collect_places, open_places
from judge.classroom.places import Place
from judge.classroom.roster import Roster, UnusableRoster, join, read_roster
from judge.classroom.sheets import intake_csv
from judge.classroom.students import Student
from judge.classroom.tables import FORMULA
from judge.problems import packs
from tests.classroom.notebooks import notebook
from tests.fuzz.inputs import few, many, odd_texts

PACKS = packs()
TOLD = Options(problem=PACKS.find("25"))

# ---------------------------------------------------------------------------------------------------------- notebooks

LINES = [
    *("class SelfAttention: pass", "def scaled_dot_product_attention(q): return q", "def generate(): ...", "x = y = 1"),
    *(
        "# judge: 25",
        "#judge:25,26",
        "# judge: nobody",
        "%%judge 25",
        "%%time",
        "%%bash",
        "%",
        "!ls",
        "?",
        "x?",
        "x = !",
    ),
    *(
        '"""',
        "'''",
        "'",
        "\\",
        "(",
        "[",
        "}",
        ")",
        "\\\n",
        "\t",
        "    x = 1",
        "  %time",
        "from __future__ import division",
    ),
    *("@", "@(", "@f", "def f(", "class A(", "lambda: 0", "from x import *", "import x; y = x.z; print(y)", "x: int"),
    *(
        "if x:",
        "else:",
        "try:",
        "except:",
        "    pass",
        "a.b = c",
        "a[0] = 1",
        "del x",
        "é = 'é'; è = 2",
        "\f",
        "\ufeff",
    ),
    *("x = " + "-" * 400 + "1", "(" * 150 + ")" * 150, "x = [" * 90, "if 1: pass\n" + "elif 1: pass\n" * 400, "\ud800"),
]
cells = some.lists(some.sampled_from(LINES) | odd_texts, max_size=6).map("\n".join)
leaves = some.none() | some.booleans() | some.integers(-(2**70), 2**70) | some.floats() | odd_texts
trees = some.recursive(
    leaves, lambda inner: some.lists(inner, max_size=3) | some.dictionaries(odd_texts, inner, max_size=3), max_leaves=6
)
changes = some.dictionaries(some.sampled_from(["cells", "nbformat", "metadata", "worksheets", "x"]), trees, max_size=2)
notebooks = some.builds(lambda cells, changed: notebook(*cells, **changed), some.lists(cells, max_size=4), changes)


@some.composite
def damaged(draw: some.DrawFn, whole: some.SearchStrategy[bytes]) -> bytes:
    """Something with a few bytes replaced, removed or put in, or its end cut off."""
    content = draw(whole)
    for _ in range(draw(some.integers(0, 3))):
        at, length = draw(some.integers(0, len(content))), draw(some.integers(0, 4))
        content = content[:at] + draw(some.binary(max_size=4)) + content[at + length :]
    return content[: draw(some.integers(0, len(content)))] if draw(some.booleans()) else content


def everything_is_told(intake: Intake) -> None:
    """Reasons are one line each, sources can be read, and the table has no formula."""
    for one in [*intake.unmatched, *intake.superseded]:
        assert one.reason
        assert len(one.reason.splitlines()) == 1
    for submission in intake.submissions:
        solution = submission.read()
        assert solution.source is not None or solution.fault
    table = intake_csv(intake)
    table.encode()
    rows = list(csv.reader(io.StringIO(table, newline="")))
    assert {len(row) for row in rows} == {6}
    assert not [cell for row in rows for cell in row if cell.lstrip(" ").startswith(FORMULA)]


@few
@given(notebooks.map(lambda text: text.encode()))
@example(notebook('"""\\').encode())
@example(notebook("@(\n  f)\ndef scaled_dot_product_attention(): ...\nclass SelfAttention: ...").encode())
@example(notebook("x = 1; class SelfAttention: ...").encode())
@example(notebook("%%judge\n%%judge 25\n# judge:").encode())
def test_any_notebook_is_an_answer_or_a_line_that_says_why_not(content):
    _hand_in(content)


@few
@given(damaged(notebooks.map(lambda text: text.encode())) | some.binary(max_size=40))
@example(b'{"cells":' + b"[" * 10_000)
@example(b'{"x":' + b'{"a":' * 10_000)
@example(b'"' + b'\\"' * 100_000)
@example(json.dumps({"cells": [{"cell_type": "code", "source": "'''" + '\\"""' * 50_000 + "\\"}]}).encode())
@example(json.dumps({"cells": [{"cell_type": "code", "source": " " * 100_000 + "\n" + "\t" * 100_000 + "x"}]}).encode())
def test_any_bytes_are_an_answer_or_a_line_that_says_why_not(content):
    _hand_in(content)


def _hand_in(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "ada").mkdir()
        (folder / "ada" / "=25.ipynb").write_bytes(content)
        (folder / "ada" / "25.ipynb").write_bytes(content)
        for options in (Options(), TOLD):
            intake = collect_places([Place.of(folder)], PACKS, options=options)
            everything_is_told(intake)
            told = {one.path for one in intake.unmatched} | {one.shown for one in intake.submissions}
            assert told == {"ada/25.ipynb", "ada/=25.ipynb"}


# --------------------------------------------------------------------------------------------------------------- zips

paths = some.lists(
    some.sampled_from(["ada", "ben", "..", ".", "", "25.py", "25.ipynb", "=cmd.py", "/", "C:", "\\", "x" * 300])
    | odd_texts,
    min_size=1,
    max_size=4,
).map("/".join)


@some.composite
def zips(draw: some.DrawFn) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name in draw(some.lists(paths, max_size=5, unique=True)):
            entry = zipfile.ZipInfo("x")
            entry.filename = name.encode("utf-8", "replace").decode()
            entry.external_attr = draw(some.sampled_from([0o100644, 0o120777, 0o40755, 0o20666, 0])) << 16
            entry.compress_type = draw(some.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]))
            archive.writestr(
                entry, draw(some.sampled_from([b"", b"x = 1\n", notebook("x = 1").encode(), b"/etc/passwd"]))
            )
    return packed.getvalue()


@many
@given(damaged(zips()))
def test_any_zip_is_unpacked_in_its_place_or_refused_in_one_line(content):
    refused = ""
    with tempfile.TemporaryDirectory() as name:
        around = Path(name)
        (around / "class.zip").write_bytes(content)
        kept, tempfile.tempdir = tempfile.tempdir, name
        try:
            with ExitStack() as stack:
                places, found = open_places([around / "class.zip"], stack)
                (place,) = places
                assert set(os.listdir(around)) == {"class.zip", place.root.name}
                for folder, folders, files in os.walk(place.root):
                    assert not any(os.path.islink(os.path.join(folder, one)) for one in (*folders, *files))
                everything_is_told(collect_places(places, PACKS, found, TOLD))
        except UnusablePlace as error:
            refused = str(error)
        finally:
            tempfile.tempdir = kept
        assert len(refused.splitlines()) <= 1
        assert os.listdir(around) == ["class.zip"]


# ------------------------------------------------------------------------------------------------------------ rosters

words = some.sampled_from(
    ["id", "ID", "Student", "name", "email", "SIS User ID", "ada", "Ada L", "a@x", "1", "=1+1", ""]
)
tables = some.lists(some.lists(words | odd_texts, min_size=1, max_size=4), max_size=5)
people = some.builds(Student, words | odd_texts, some.none() | words, some.none() | words, some.none() | words)


@many
@given(
    tables.map(lambda rows: "\n".join(",".join(row) for row in rows).encode("utf-8", "replace"))
    | some.binary(max_size=40),
    some.lists(people, max_size=4),
    some.none() | words,
)
def test_any_roster_is_read_or_refused_in_one_line_and_everybody_is_somebody(content, people, key):
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "roster.csv"
        path.write_bytes(content)
        try:
            roster, refused = read_roster(path, key), ""
        except UnusableRoster as error:
            roster, refused = Roster(()), str(error)
        assert len(refused.splitlines()) <= 1
        joined = join(roster, people)
        assert set(joined.students) == {one.id for one in people}
        on_it = {one.id for one in roster.students}
        assert all((one.id in on_it) != (one.id in joined.strangers) for one in joined.students.values())
