"""Jupyter notebooks: their code, cell by cell, and a solution made of what a problem needs of it.

A notebook is read as data. Of its code only imports, definitions and constants are kept (statements.py), and a solution
has those of them that its own definitions use, so that what somebody wrote for one problem cannot spoil another.

https://nbformat.readthedocs.io/en/latest/format_description.html
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import msgspec

from judge.classroom.statements import Statement, first_line, split, without_loose_ends
from judge.grading import MAX_SOURCE_BYTES
from judge.parsing import parse

MOST_BYTES = 64 << 20  # pictures are in it too

_NO_NUMBER = re.compile(
    rb'"[^"\\]*(?:\\.[^"\\]*)*"?|-?Infinity|NaN', re.DOTALL
)  # Python writes them, though JSON has none
_MARK = re.compile(r"#\s*judge\s*:\s*(?P<names>.*)", re.IGNORECASE)
# What IPython understands at the beginning of a line, with the lines that a backslash adds.
_MAGIC = re.compile(
    r"""[ \t]*(?:
        [%!?](?:\\\n|[^\n])*                                       # %matplotlib inline, !pip install, ?help
      | [A-Za-z_][\w.,\[\] \t]*=[ \t]*(?:!|%[A-Za-z])(?:\\\n|[^\n])*   # files = !ls
      | [\w.*]+\?{1,2}[ \t]*$                                      # torch.einsum?
    )""",
    re.VERBOSE | re.MULTILINE,
)
# Enough of Python's grammar to know where a line begins that is neither in a text nor in brackets.
_TOKEN = re.compile(
    r"""
        "{3}[^"\\]*(?:(?:\\.|"(?!""))[^"\\]*)*(?:"{3}|\\?\Z)
      | '{3}[^'\\]*(?:(?:\\.|'(?!''))[^'\\]*)*(?:'{3}|\\?\Z)
      | "(?:[^"\\\n]|\\.)*"? | '(?:[^'\\\n]|\\.)*'?
      | (?P<comment>\#[^\n]*) | (?P<open>[(\[{]) | (?P<close>[)\]}]) | \\\n | (?P<end>\n) | [^"'\#()\[\]{}\\\n]+ | .
    """,
    re.VERBOSE | re.DOTALL,
)
_RUN_HERE = ("time", "capture", "prun")  # %%time and others, which run a cell as it is
_NAME = re.compile(r"^[ \t]*(?:class|(?:async[ \t]+)?def)[ \t]+(\w+)", re.MULTILINE)


class UnusableNotebook(ValueError):
    """The file is no notebook that can be graded; the message says why."""


class _Cell(msgspec.Struct):
    cell_type: str = ""
    source: str | list[str] = ""


class _Language(msgspec.Struct):
    name: str = ""
    language: str = ""


class _About(msgspec.Struct):
    language_info: _Language | None = None
    kernelspec: _Language | None = None


class _File(msgspec.Struct):
    """The part of the format that matters here; outputs are skipped, however large they are."""

    cells: list[_Cell] | None = None
    nbformat: int = 4
    metadata: _About | None = None


@dataclass(frozen=True)
class Cell:
    """A cell with code: what is kept of it, and what is not."""

    number: int  # among all cells, texts too, from 1
    marks: tuple[str, ...] = ()  # the problems that it says it is for: "# judge: 25"
    kept: list[Statement] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)  # the first line of each statement


@dataclass(frozen=True)
class Notebook:
    """The code of a notebook."""

    cells: list[Cell]

    @classmethod
    def read(cls, raw: bytes) -> Notebook:
        """The notebook in these bytes; raises UnusableNotebook for anything else."""
        found = [_cell(number, text) for number, text in _code(_decode(raw))]
        if not found:
            raise UnusableNotebook("the notebook has no code")
        tied, _ = without_loose_ends([one for cell in found for one in cell.kept])
        stay = set(map(id, tied))
        cells = []
        for cell in found:
            loose = [one for one in cell.kept if id(one) not in stay]
            kept = [one for one in cell.kept if id(one) in stay]
            dropped = [*cell.dropped, *(first_line(one.text) for one in loose)]
            cells.append(Cell(cell.number, cell.marks, kept, dropped))
        return cls(cells)

    @property
    def dropped(self) -> int:
        """How many statements no solution has."""
        return sum(len(cell.dropped) for cell in self.cells)

    @cached_property
    def defined(self) -> frozenset[str]:
        """The names of all functions, classes and constants."""
        return frozenset(name for cell in self.cells for one in cell.kept for name in one.defines)

    def defined_in(self, cells: Collection[int]) -> frozenset[str]:
        """The same of some cells."""
        return frozenset(
            name for cell in self.cells if cell.number in cells for one in cell.kept for name in one.defines
        )

    def solution(self, names: Collection[str], cells: Collection[int] = (), foreign: Collection[int] = ()) -> str:
        """The source of a solution that has these names and all that they use, each line below the number of its cell.

        cells: taken whole. foreign: cells of other problems, which are only looked into for what is nowhere else.
        Everything that was kept where the notebook has none of the names.
        """
        everything = [one for cell in self.cells for one in cell.kept]
        if not cells and not self.defined.intersection(names):
            return _source(everything)
        return _source(_Needed(everything, cells, foreign).of(names))


class _Needed:
    """The statements that some names lead to."""

    def __init__(self, statements: Sequence[Statement], cells: Collection[int], foreign: Collection[int]) -> None:
        self.statements = statements
        self.own = [at for at, one in enumerate(statements) if one.cell in cells]
        self.giving: list[dict[str, list[int]]] = [defaultdict(list) for _ in range(3)]  # own, anybody's, foreign
        for at, one in enumerate(statements):
            rank = 0 if one.cell in cells else 2 if one.cell in foreign else 1
            for name in one.gives:
                self.giving[rank][name].append(at)
        self.always = [at for at, one in enumerate(statements) if one.always and one.cell not in foreign]

    def of(self, names: Collection[str]) -> list[Statement]:
        taken, waiting, seen = set(self.always), list(names), set(names)
        for at in {*self.always, *self.own}:
            taken.add(at)
            waiting += self.statements[at].uses
        while waiting:
            name = waiting.pop()
            for at in next((giving[name] for giving in self.giving if name in giving), ()):
                if at not in taken:
                    taken.add(at)
                    waiting += self.statements[at].uses - seen
                    seen |= self.statements[at].uses
        return [self.statements[at] for at in sorted(taken)]


def _source(statements: Iterable[Statement]) -> str:
    """Their text, with a comment wherever another cell begins or lines were left out."""
    parts: list[str] = []
    cell, next_line = 0, 0
    # Python wants these imports first, wherever they were.
    for one in sorted(statements, key=lambda one: not one.text.startswith("from __future__")):
        if (one.cell, one.line) != (cell, next_line):
            where = f"cell {one.cell}" if one.line == 1 else f"cell {one.cell}, line {one.line}"
            parts.append(f"{'' if one.cell == cell or not parts else chr(10)}# {where}")
        parts.append(one.text)
        cell, next_line = one.cell, one.last_line + 1
    return "\n".join(parts) + "\n"


def _decode(raw: bytes) -> _File:
    for content in (raw, _NO_NUMBER.sub(lambda found: found[0] if found[0].startswith(b'"') else b"null", raw)):
        try:
            return msgspec.json.decode(content, type=_File)
        except msgspec.ValidationError:
            raise UnusableNotebook("this is no notebook: it is JSON, but not in a notebook's form") from None
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
            failed = error
    what = "the file is empty" if not raw.strip() else "this is no notebook: the JSON in it is damaged"
    raise UnusableNotebook(what if isinstance(failed, msgspec.DecodeError) else "it is nested too deeply") from None


def _code(file: _File) -> Iterator[tuple[int, str]]:
    """The cells with code by number; raises UnusableNotebook."""
    if file.nbformat < 4:
        raise UnusableNotebook(f"a notebook in the old format {file.nbformat}; open it in Jupyter and save it again")
    if file.cells is None:
        raise UnusableNotebook("this is no notebook: it has no cells")
    about = file.metadata or _About()
    language = (about.language_info and about.language_info.name) or (about.kernelspec and about.kernelspec.language)
    if language and "python" not in language.casefold():
        raise UnusableNotebook(f"a notebook in {language[:40]}, not in Python")
    size = 0
    for number, cell in enumerate(file.cells, 1):
        text = cell.source if isinstance(cell.source, str) else "".join(cell.source)
        if cell.cell_type == "code" and text.strip():
            size += len(text)
            if size > MAX_SOURCE_BYTES:
                raise UnusableNotebook(f"its code has more than {MAX_SOURCE_BYTES >> 20} MiB")
            yield number, text.replace("\r\n", "\n").replace("\r", "\n").removeprefix("\ufeff")


def _cell(number: int, text: str) -> Cell:
    """What is kept of a cell; of one that is no Python the whole text, where it begins to define something."""
    text, marks, dropped = _without_magic(text)
    try:
        kept, others = split(parse(text), text, number)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        names = frozenset(_NAME.findall(text))
        if not names and not marks:
            return Cell(number, marks, [], [*dropped, f"no Python: {_why(error)}"])
        whole = Statement(text, number, 1, text.count("\n") + 1, names, names)
        return Cell(number, marks, [whole], dropped)
    return Cell(number, marks, kept, dropped + others)


def _why(error: Exception) -> str:
    if isinstance(error, SyntaxError):
        return f"{error.msg}, line {error.lineno}"
    return "nested too deeply, or with signs that no Python text has"


def _without_magic(text: str) -> tuple[str, tuple[str, ...], list[str]]:
    """The text with `pass` for every line that only IPython understands, the marks in it, and those lines."""
    lines = text.split("\n")
    begin = next((line for line in lines if line.strip()), "")
    if indent := begin[: len(begin) - len(begin.lstrip())]:  # IPython takes it off every line
        text = "\n".join(line.removeprefix(indent) for line in lines)
    marks: list[str] = []
    dropped: list[str] = []
    first, _, rest = text.lstrip().partition("\n")
    if magic := re.fullmatch(r"%%judge\b(.*)", first):
        marks += _names(magic[1])
        text = "\n" * (text.count("\n") - rest.count("\n")) + rest
    elif magic := re.match(r"%%(\w+)", first):
        dropped.append(first_line(first))
        if magic[1] not in _RUN_HERE:
            return "", (), dropped
        text = "\n" * (text.count("\n") - rest.count("\n")) + rest
    parts: list[str] = []
    at, depth, fresh = 0, 0, True
    while at < len(text):
        if fresh and (line := _MAGIC.match(text, at)):
            before = line[0][: len(line[0]) - len(line[0].lstrip(" \t"))]
            parts.append(f"{before}pass" + "\n" * line[0].count("\n"))
            dropped.append(first_line(line[0]))
            at, fresh = line.end(), False
            continue
        token = _TOKEN.match(text, at)
        assert token is not None  # the last alternative is any sign
        if token["comment"] and fresh and (mark := _MARK.match(token[0])):
            marks += _names(mark["names"])
        depth = max(depth + bool(token["open"]) - bool(token["close"]), 0)
        if token["end"]:
            fresh = depth == 0
        elif token[0].strip(" \t\f") and not token["comment"]:
            fresh = False
        parts.append(token[0])
        at = token.end()
    return "".join(parts), tuple(dict.fromkeys(marks)), dropped


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]
