"""From what a person types to the name of one problem: "25", "self", "attention", "mypack/25-self-attention"."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Collection, Sequence

_LEADING_NUMBER = re.compile(r"(\d+)-")


class UnknownProblem(ValueError):
    """No problem, or more than one (`several`), answers to a name; the message suggests."""

    def __init__(self, message: str, several: bool = False) -> None:
        super().__init__(message)
        self.several = several


def number_of(slug: str) -> int | None:
    """25 for "25-self-attention"; None for a slug without a number."""
    found = _LEADING_NUMBER.match(slug)
    return int(found[1]) if found else None


def find_name(typed: str, names: Collection[str]) -> str:
    """The one of `names` that is meant; an exact match wins over a beginning, and a beginning over a part.

    A name is a slug, or "pack/slug"; the pack can be left out. Raises UnknownProblem, which lists the candidates when
    several match and suggests when none does.
    """
    wanted = re.sub(r"[\s_]+", "-", typed.strip().lower())
    if exact := [name for name in names if name.lower() == wanted]:
        return exact[0]
    pack, _, wanted = wanted.rpartition("/")
    for matches in _RULES if wanted else ():
        candidates = [name for name in names if _pack(name).startswith(pack) and matches(wanted, _slug(name).lower())]
        if len(candidates) == 1:
            return candidates[0]
        if candidates:
            raise UnknownProblem(f"'{typed}' may mean {either(candidates)}", several=True)
    raise UnknownProblem(f"no problem called '{typed}'; {_suggestion(wanted, names)}")


def either(names: Sequence[str]) -> str:
    """ "a", "a or b", "a, b or c"."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"


def _pack(name: str) -> str:
    return name.rpartition("/")[0].lower()


def _slug(name: str) -> str:
    return name.rpartition("/")[2]


def _bare(slug: str) -> str:
    return _LEADING_NUMBER.sub("", slug, count=1)


# From the most to the least exact; the first rule that matches anything decides. Digits only ever mean a number.
_RULES: tuple[Callable[[str, str], bool], ...] = (
    lambda wanted, slug: slug == wanted,
    lambda wanted, slug: wanted.isdecimal() and len(wanted) < 20 and number_of(slug) == int(wanted),
    lambda wanted, slug: _bare(slug) == wanted,
    lambda wanted, slug: not wanted.isdecimal() and slug.startswith(wanted),
    lambda wanted, slug: not wanted.isdecimal() and _bare(slug).startswith(wanted),
    lambda wanted, slug: not wanted.isdecimal() and wanted in slug,
)


def _suggestion(wanted: str, names: Collection[str]) -> str:
    likeness = {}
    for name in names:
        slug = _slug(name)
        spellings = {slug, _bare(slug), *_bare(slug).split("-")}
        likeness[name] = max(difflib.SequenceMatcher(None, wanted, spelling).ratio() for spelling in spellings)
    best = max(likeness.values(), default=0.0)
    if best < 0.7 or wanted.isdecimal():
        return "`judge list` shows them all"
    return f"did you mean {either([name for name, ratio in likeness.items() if ratio > best - 0.05][:3])}?"
