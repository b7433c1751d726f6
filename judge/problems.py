"""Finding and reading problems: plain folders, in the bundled pack or in any folder with problems/ and reference/.

A released problem is one for students: it has observations/ instead of a reference, and no known mistakes.

`packs()` knows where problems are, `Packs.find("attention")` turns what a person typed into a `Problem`, and a Problem
reads its texts when they are asked for. Whatever is wrong with a folder becomes a `BrokenProblem` that names the file.
"""

from __future__ import annotations

import ast
import contextlib
import functools
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal, TypeVar, get_args

import msgspec

from judge.finding import UnknownProblem, either, find_name, number_of
from judge.parsing import parse
from judge.settings import explain

__all__ = [
    "DIFFICULTIES",
    "BrokenProblem",
    "Mistake",
    "NotReleased",
    "Pack",
    "Packs",
    "Part",
    "Problem",
    "UnknownProblem",
    "packs",
]

PACKS_VARIABLE = "JUDGE_PROBLEMS"
OBSERVATIONS = "observations"  # in a released pack: what the references were seen to do, in place of reference/

Difficulty = Literal["easy", "medium", "hard"]
Family = Literal["cpu", "cuda", "mps", "sim"]
DIFFICULTIES = get_args(Difficulty)
Shape = TypeVar("Shape")

_SETTINGS = "problem.toml"
_CHOICES = {"difficulty": DIFFICULTIES, "devices": get_args(Family)}


class BrokenProblem(ValueError):
    """A problem folder that cannot be used; the message names the file, the field and what is wrong."""


class NotReleased(ValueError):
    """Something was asked for that a released problem does not have; the message says what it has."""


@dataclass(frozen=True)
class Mistake:
    """A known wrong solution; its docstring is the diagnosis shown to the candidate."""

    name: str  # file name without .py
    text: str  # the docstring, whitespace folded
    source: str


@dataclass(frozen=True)
class Part:
    """A part of a problem that can be practised by itself."""

    name: str
    minutes: int
    requires: tuple[str, ...]  # names that a solution must define for it


@dataclass(frozen=True)
class Problem:
    """One problem folder and its hidden half. Texts and sources are read each time they are asked for."""

    slug: str  # "25-self-attention", in other packs than the bundled one "mypack/25-self-attention"
    number: int | None
    titles: dict[str, str]  # language -> title; always has "en"
    source: str  # the interview question it comes from
    tags: tuple[str, ...]
    difficulty: str  # easy, medium, hard
    minutes: int
    order: int | None  # place in the recommended order
    aliases: tuple[str, ...]  # other names, in any language, under which it is found
    parts: dict[str, Part]  # what can be practised by itself; checks name them
    forbids: tuple[str, ...]
    requires: tuple[str, ...]  # names that a solution must define
    devices: tuple[str, ...] | None  # families it can be judged on; None: all
    mistake_checks: dict[
        str, tuple[str, ...]
    ]  # mistake -> checks that are meant to reject it ([mistakes] in problem.toml)
    folder: Path
    hidden: Path  # its folder below reference/, or below observations/ where it is released
    released: bool = False  # for students: what the reference was seen to do for a few seeds, and no reference

    def text(self, name: str, language: str = "en") -> str:
        """statement, hints: the text in that language, or in English where it is not translated."""
        translated = self.folder / f"{name}.{language}.md"
        return _read(translated if translated.is_file() else self.folder / f"{name}.md")

    def title(self, language: str = "en") -> str:
        return self.titles.get(language, self.titles["en"])

    def hints(self, language: str = "en") -> list[str]:
        """The hints, each giving away more than the one before.

        They are the sections of hints.md, which start at the headings `## 1`, `## 2`, `## 3`; the headings themselves
        and what stands above the first are left out. Problems of other packs need none.
        """
        if not (self.folder / "hints.md").is_file():
            return []
        sections = re.split(r"^## .*$", self.text("hints", language), flags=re.MULTILINE)
        return [section.strip() for section in sections[1:] if section.strip()]

    def asked(self, language: str = "en") -> str:
        """The statement as far as an interviewer says it: without what they are after and the questions that follow."""
        end = r"^## (?:What the interviewer is after|面试官想看什么|Follow-up questions|追问)\s*$"
        return re.split(end, self.text("statement", language), maxsplit=1, flags=re.MULTILINE)[0].rstrip() + "\n"

    def questions(self, language: str = "en") -> str | None:
        """The follow-up questions of the statement, as Markdown; None where it has none."""
        sections = re.split(
            r"^## (?:Follow-up questions|追问)\s*$", self.text("statement", language), flags=re.MULTILINE
        )
        return sections[1].partition("\n## ")[0].strip() or None if len(sections) > 1 else None

    def answers(self, language: str = "en") -> str | None:
        """Answers to the statement's follow-up questions, in that language or in English; shown with the reference."""
        for name in (f"answers.{language}.md", "answers.md"):
            if (self.hidden / name).is_file():
                return _read(self.hidden / name).strip()
        return None

    def fits(self, words: Sequence[str]) -> bool:
        """Whether each of these words, in any case, is part of its name, a title, a tag or another name it has."""
        texts = " ".join([self.slug, *self.titles.values(), *self.tags, *self.aliases]).casefold()
        return all(word.casefold() in texts for word in words)

    @property
    def stub(self) -> str:
        """What the candidate starts from."""
        return _read(self.folder / "stub.py")

    @property
    def checks_source(self) -> str:
        return _read(self.folder / "checks.py")

    @property
    def reference(self) -> str:
        """The hidden solution, which `judge reveal` shows; raises NotReleased where it is not there for students."""
        if self.released:
            raise NotReleased(f"the reference of {self.slug} is not in this package; who handed it out has it")
        return _read(self.hidden / "solution.py")

    @property
    def seeds(self) -> list[int]:
        """The seeds for which a released problem can be judged."""
        return sorted(int(path.name) for path in self.hidden.iterdir() if path.name.isdecimal() and path.is_dir())

    def observations(self, seed: int) -> Path:
        """Where a released problem has what its reference was seen to do; raises NotReleased for another seed."""
        if seed not in self.seeds:
            there = either([str(one) for one in self.seeds]) if self.seeds else "none: unpack the package again"
            raise NotReleased(f"{self.slug} is a released problem without seed {seed}; its seeds are {there}")
        return self.hidden / str(seed)

    @property
    def oracle(self) -> str | None:
        """The one-call solution that proves the reference, where there is one."""
        path = self.hidden / "oracle.py"
        return _read(path) if path.is_file() else None

    @property
    def also(self) -> dict[str, str]:
        """The other right ways: file name without .py -> source."""
        return {path.stem: _read(path) for path in sorted(self.hidden.glob("also_*.py"))}

    @property
    def mistakes(self) -> list[Mistake]:
        """The known wrong solutions by name; raises BrokenProblem where files, docstrings and [mistakes] disagree."""
        files = {path.stem: path for path in sorted((self.folder / "mistakes").glob("*.py"))}
        for name in self.mistake_checks:
            if name not in files:
                raise BrokenProblem(
                    f"{_shown(self.folder / _SETTINGS)}: [mistakes] names {name}, but mistakes/{name}.py is missing"
                )
        for name, path in files.items():
            if name not in self.mistake_checks:
                raise BrokenProblem(
                    f"{_shown(path)}: [mistakes] in problem.toml does not say which checks must reject it"
                )
        return [_mistake(path) for path in files.values()]

    @property
    def messages(self) -> dict[str, dict[str, str]]:
        """messages.zh.toml: "checks" -> check -> its sentence in Chinese; "mistakes" -> mistake -> its text."""
        path = self.folder / "messages.zh.toml"
        empty: dict[str, dict[str, str]] = {"checks": {}, "mistakes": {}}
        return empty | _decode(path, dict[str, dict[str, str]]) if path.is_file() else empty

    def files(self) -> dict[str, bytes]:
        """All of it, by where it lies below its pack's folder: "problems/25-self-attention/stub.py" -> its content."""
        halves = (("problems", self.folder), ("reference", self.hidden))
        return {
            f"{half}/{self.folder.name}/{path.relative_to(folder).as_posix()}": path.read_bytes()
            for half, folder in halves
            for path in _files(folder)
            if not path.name.startswith(".")
        }

    def hidden_paths(self) -> list[Path]:
        """Every file that gives the answer away: a solution's process must fail to open each of them."""
        return [path for folder in (self.hidden, self.folder / "mistakes") for path in _files(folder)]


class _Part(msgspec.Struct, forbid_unknown_fields=True):
    """An entry of [parts] in problem.toml; it requires the name it has itself unless it says otherwise."""

    minutes: Annotated[int, msgspec.Meta(ge=1)]
    requires: list[str] | None = None


class _Settings(msgspec.Struct, forbid_unknown_fields=True):
    """problem.toml, as a problem's author writes it."""

    title: str
    source: str
    tags: list[str]
    difficulty: Difficulty
    minutes: Annotated[int, msgspec.Meta(ge=1)]
    requires: list[str]
    title_zh: str | None = None
    order: int | None = None
    aliases: list[str] = []
    parts: dict[str, _Part] = {}
    forbids: list[str] = []
    devices: list[Family] | None = None
    mistakes: dict[str, list[str]] = {}


@dataclass(frozen=True)
class Pack:
    """A folder with problems/ and reference/, or for students observations/."""

    name: str  # "" for the bundled one, else the folder's name
    root: Path


@dataclass
class Packs:
    """All problems that this run knows, in the order of their packs and names. Each is read when it is asked for."""

    places: Sequence[Pack]
    _folders: dict[str, tuple[Pack, Path]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._folders = {
            f"{pack.name}/{folder.name}" if pack.name else folder.name: (pack, folder)
            for pack in self.places
            for folder in sorted((pack.root / "problems").iterdir())
            if folder.is_dir() and not folder.name.startswith((".", "_"))
        }

    def __iter__(self) -> Iterator[Problem]:
        return map(self.read, self.names)

    @property
    def names(self) -> list[str]:
        return list(self._folders)

    def read(self, name: str) -> Problem:
        """The problem of exactly that name; raises BrokenProblem when its folder cannot be used."""
        pack, folder = self._folders[name]
        settings = _decode(folder / _SETTINGS, _Settings)
        hidden, observations = (pack.root / half / folder.name for half in ("reference", OBSERVATIONS))
        released = observations.is_dir() and not hidden.exists()
        for needed in [folder / "checks.py", *([] if released else [hidden / "solution.py"])]:
            if not needed.is_file():
                raise BrokenProblem(f"{_shown(needed)} is missing")
        return Problem(
            slug=name,
            number=number_of(folder.name),
            titles={"en": settings.title} | ({"zh": settings.title_zh} if settings.title_zh else {}),
            source=settings.source,
            tags=tuple(settings.tags),
            difficulty=settings.difficulty,
            minutes=settings.minutes,
            order=settings.order,
            aliases=tuple(settings.aliases),
            parts={
                part: Part(part, entry.minutes, tuple(entry.requires if entry.requires is not None else [part]))
                for part, entry in settings.parts.items()
            },
            forbids=tuple(settings.forbids),
            requires=tuple(settings.requires),
            devices=tuple(settings.devices) if settings.devices is not None else None,
            mistake_checks={mistake: tuple(checks) for mistake, checks in settings.mistakes.items()},
            folder=folder,
            hidden=observations if released else hidden,
            released=released,
        )

    def find(self, name: str) -> Problem:
        """The problem that a person means by a number, a slug, its beginning or a part of it.

        What no slug answers to is looked for in titles and aliases. Raises UnknownProblem, with candidates or a
        suggestion, and BrokenProblem when its folder cannot be used.
        """
        try:
            return self.read(find_name(name, self._folders))
        except UnknownProblem as unknown:
            fitting = [] if name.strip().isdecimal() else self._search(name)
            if len(fitting) > 1 and not unknown.several:
                raise UnknownProblem(f"'{name}' may mean {either([problem.slug for problem in fitting])}") from None
            if not fitting or unknown.several:
                raise
            return fitting[0]

    def _search(self, text: str) -> list[Problem]:
        """The problems whose titles and aliases all words of a text fit; one that has it as a whole name wins."""
        words = text.replace("-", " ").split()
        fitting = []
        for slug in self.names if words else ():
            with contextlib.suppress(BrokenProblem):
                problem = self.read(slug)
                if problem.fits(words):
                    fitting.append(problem)
        whole = [one for one in fitting if text.casefold() in map(str.casefold, (*one.titles.values(), *one.aliases))]
        return whole if len(whole) == 1 else fitting


def packs(extra: Sequence[Path] = ()) -> Packs:
    """The bundled problems, and those of the folders given here and in JUDGE_PROBLEMS (separated as in PATH).

    Raises BrokenProblem for a folder without problems/, and for two different packs of one name.
    """
    from_environment = [Path(entry) for entry in os.environ.get(PACKS_VARIABLE, "").split(os.pathsep) if entry]
    found = [Pack("", _bundled_root())]
    for given in [*extra, *from_environment]:
        root = given.expanduser().resolve()
        if any(pack.root == root for pack in found):
            continue
        if root.suffix == ".zip" and root.is_file():
            raise BrokenProblem(f"{given} is a zip; unpack it, and name the folder that was in it: {given.stem}")
        if not (root / "problems").is_dir():
            raise BrokenProblem(f"{given} is no pack of problems: it has no folder problems/")
        if any(pack.name == root.name for pack in found):
            raise BrokenProblem(f"two packs of problems are called '{root.name}'; rename the folder {given}")
        found.append(Pack(root.name, root))
    return Packs(found)


def _bundled_root() -> Path:
    """In a wheel inside the package, in a checkout the repository's root."""
    package = Path(__file__).resolve().parent
    return package / "bundled" if (package / "bundled").is_dir() else package.parent


# -------------------------------------------------------------------------------------------------------- reading files


def _shown(path: Path) -> str:
    """The path from the pack's folder on for a bundled problem, else in full."""
    root = _bundled_root()
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise BrokenProblem(f"{_shown(path)} is missing") from None
    except (OSError, UnicodeDecodeError) as error:
        raise BrokenProblem(f"{_shown(path)} cannot be read: {error}") from None


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)


def _mistake(path: Path) -> Mistake:
    return _parsed_mistake(path, _read(path))


@functools.lru_cache(maxsize=1024)
def _parsed_mistake(path: Path, source: str) -> Mistake:
    """Parsed once a file: a diagnosis asks for all mistakes of its problem."""
    try:
        text = ast.get_docstring(parse(source))
    except SyntaxError as error:
        raise BrokenProblem(f"{_shown(path)}: line {error.lineno}: {error.msg}") from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise BrokenProblem(f"{_shown(path)}: cannot be read as Python: {error}") from None
    if not text:
        raise BrokenProblem(f"{_shown(path)}: a mistake needs a docstring: it is the diagnosis shown to the candidate")
    return Mistake(path.stem, " ".join(text.split()), source)


def _decode(path: Path, shape: type[Shape]) -> Shape:
    return _decoded(path, _read(path), shape)  # type: ignore[arg-type]


@functools.lru_cache(maxsize=1024)
def _decoded(path: Path, source: str, shape: type[Shape]) -> Shape:
    """Parsed once a file: a class hands in thousands of solutions of a few problems."""
    try:
        return msgspec.toml.decode(source, type=shape)
    except msgspec.ValidationError as error:
        raise BrokenProblem(f"{_shown(path)}: {explain(str(error), _Settings, _CHOICES)}") from None
    except ValueError as error:  # msgspec's, or a number of more digits than Python reads
        raise BrokenProblem(f"{_shown(path)}: not valid TOML: {error}") from None
    except RecursionError:
        raise BrokenProblem(f"{_shown(path)}: nested too deeply") from None
