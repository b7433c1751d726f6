"""Whatever an author writes into the files of a problem: it is a problem, or one line says which file is wrong."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as some

from judge.problems import BrokenProblem, Pack, Packs, Problem, UnknownProblem, packs
from tests.fuzz.inputs import few, many, odd_texts

SETTINGS = 'title = "A"\nsource = "A.1"\ntags = []\ndifficulty = "easy"\nminutes = 1\nrequires = []\n'
REAL = [(packs().read(name).folder / "problem.toml").read_text("utf-8") for name in packs().names[::9]]
MESSAGES = [(packs().read(name).folder / "messages.zh.toml").read_text("utf-8") for name in packs().names[::9]]
FIELDS = ["title", "title_zh", "source", "tags", "difficulty", "minutes", "requires", "order", "aliases", "parts"]
FIELDS += ["forbids", "devices", "mistakes", "checks"]
VALUES = [
    *('"text"', "''", "1", "0", "-1", "9" * 30, "9" * 5000, "1.5", "nan", "inf", "1e999", "true", "[]", "{}", "[1]"),
    *(
        '["a"]',
        '[["a"]]',
        '{a = ["b"]}',
        "{a = {minutes = 0}}",
        "{a = {minutes = 1, x = 1}}",
        '["cpu", "gpu"]',
        '"easy"',
    ),
    *("1979-05-27", "1979-05-27T07:32:00Z", "07:32:00", '"\\u001b[2J"', '"""a\nb"""', "[" * 3000, "{a=" * 3000),
]
keys = some.sampled_from(FIELDS) | odd_texts.map(lambda text: msgspec.json.encode(_readable(text)).decode())
lines = some.builds("{} = {}\n".format, keys, some.sampled_from(VALUES) | odd_texts) | keys.map("[{}]\n".format)


def _readable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


@some.composite
def changed(draw: some.DrawFn, originals: list[str]) -> bytes:
    """A file with lines replaced, put in or left out, or with bytes changed."""
    parts = draw(some.sampled_from(originals)).splitlines(keepends=True)
    for _ in range(draw(some.integers(1, 3))):
        at = draw(some.integers(0, len(parts) - 1))
        parts[at] = draw(some.just("") | lines | lines.map(lambda line, old=parts[at]: line + old))
    text = bytearray("".join(parts).encode("utf-8", "surrogatepass"))
    for _ in range(draw(some.sampled_from([0, 0, 0, 2])) if text else 0):
        text[draw(some.integers(0, len(text) - 1))] = draw(some.integers(0, 255))
    return bytes(text)


documents = some.lists(lines, max_size=6).map(lambda parts: "".join(parts).encode("utf-8", "surrogatepass"))


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    root = tmp_path_factory.mktemp("pack")
    for folder in ("problems/1-one", "reference/1-one"):
        (root / folder).mkdir(parents=True)
        for name in ("checks.py", "stub.py", "solution.py"):
            (root / folder / name).write_text("")
    yield root
    shutil.rmtree(root)


def or_broken(read: Callable[[], Any], file: str) -> Any:
    """What was read, or None where one line said what is wrong with the file."""
    try:
        return read()
    except BrokenProblem as error:
        complaint = str(error)
    assert file in complaint
    assert complaint.isprintable()
    assert len(complaint) < 1000
    return None


@many
@given(changed(REAL) | documents | some.binary(max_size=40))
@example(b"tags = " + b"[" * 3000)
@example(b"minutes = " + b"9" * 5000)
@example(b'"a\\nb" = 1')
def test_problem_toml(pack, content):
    (pack / "problems/1-one/problem.toml").write_bytes(content)
    known = Packs([Pack("", pack)])
    problem = or_broken(lambda: known.read("1-one"), "problems/1-one/problem.toml")
    if problem is not None:
        assert isinstance(problem, Problem)
        assert problem.minutes >= 1
        assert isinstance(problem.fits(["one"]), bool)
        or_broken(lambda: problem.mistakes, "problems/1-one/")


@few
@given(changed(MESSAGES) | documents | some.binary(max_size=40))
@example(b"[checks]\na = " + b"{a=" * 3000)
@example(b"[checks]\na = 1")
@example(b"x = 1")
def test_messages_in_chinese(pack, content):
    (pack / "problems/1-one/problem.toml").write_text(SETTINGS, "utf-8")
    (pack / "problems/1-one/messages.zh.toml").write_bytes(content)
    problem = Packs([Pack("", pack)]).read("1-one")
    messages = or_broken(lambda: problem.messages, "problems/1-one/messages.zh.toml")
    assert messages is None or {"checks", "mistakes"} <= messages.keys()


@few
@given(some.binary(max_size=40) | odd_texts.map(lambda text: text.encode("utf-8", "surrogatepass")))
@example(b"\0")
@example(b"x = " + b"(" * 5000)
@example(b"x = " + b"-" * 5000 + b"1")
def test_a_known_mistake(pack, content):
    (pack / "problems/1-one/problem.toml").write_text(f"{SETTINGS}[mistakes]\nwrong = []\n", "utf-8")
    (pack / "problems/1-one/mistakes").mkdir(exist_ok=True)
    (pack / "problems/1-one/mistakes/wrong.py").write_bytes(content)
    problem = Packs([Pack("", pack)]).read("1-one")
    mistakes = or_broken(lambda: problem.mistakes, "problems/1-one/mistakes/wrong.py")
    assert mistakes is None or mistakes[0].text


@few
@given(some.sampled_from(packs().names).flatmap(lambda name: some.just(name) | odd_texts.map(name.__add__)) | odd_texts)
@example("9" * 5000)
@example("٣")
def test_whatever_is_typed_a_problem_is_found_or_none(typed):
    with suppress(UnknownProblem):
        assert isinstance(packs().find(typed), Problem)
