"""What judge says, in the reader's language.

Everything is said in English first, and kept so: a report is data, the same whoever reads it. What is shown to a reader
of Chinese is translated at that moment, by a gettext catalogue (judge/locale) whose messages have placeholders: "{name}
has shape {got}, expected {expected}". A line that fits one becomes the translation with the same values; a value that
is listed itself ("a tensor of shape {shape}") is translated too, but not a word that is listed for where it stands
alone, since within a sentence it may be a name of the solution's. What nobody translated stays.
"""

from __future__ import annotations

import locale
import os
import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

LANGUAGES = ("en", "zh")
VARIABLE = "JUDGE_LANG"
ALONE = "alone"  # the context of such words

_CATALOGUES = Path(__file__).parent / "locale"
_PLACEHOLDER = re.compile(r"\{(\w+)\}")
_DEEPEST = 4  # values within values
_LONGEST = 600  # characters of a line that is looked up


_chosen: str | None = None


def use(language: str | None) -> None:
    """Makes it the language of this program's own words; None: the user's."""
    global _chosen
    _chosen = language


def current() -> str:
    """The language of this program's own words."""
    return _chosen or preferred()


def preferred() -> str:
    """The language of this user: JUDGE_LANG, else the locale's, else English."""
    given = os.environ.get(VARIABLE, "").lower().replace("_", "-").partition("-")[0]
    if given in LANGUAGES:
        return given
    variables = ("LC_ALL", "LC_MESSAGES", "LANG")
    told = next((value for name in variables if (value := os.environ.get(name))), None)
    if told is None and os.name != "posix":
        told = locale.getlocale()[0]
    return "zh" if (told or "").lower().startswith(("zh", "chinese")) else "en"


def translated(text: str, language: str, own: Mapping[str, str] | None = None) -> str:
    """The text with every line that is known in that language.

    own: messages of a problem, which come before those of the catalogue.
    """
    if language not in LANGUAGES or language == "en" or not text:
        return text
    return messages(language, own).text(text)


def messages(language: str, own: Mapping[str, str] | None = None) -> Messages:
    """Those of the catalogue, and own ones, which come first: for many texts."""
    known = _catalogue(language)
    return Messages({**known.all, **own}, known.alone) if own else known


class Messages:
    """Messages and what they are in another language: plain ones by look-up, the others as patterns, longest first."""

    def __init__(self, messages: Mapping[str, str], alone: Mapping[str, str]) -> None:
        self.all, self.alone = messages, alone
        self._exact = {ours: theirs for ours, theirs in messages.items() if not _PLACEHOLDER.search(ours)}
        patterns = [(ours, theirs) for ours, theirs in messages.items() if ours not in self._exact]
        patterns.sort(key=lambda pair: len(_PLACEHOLDER.sub("", pair[0])), reverse=True)
        self._patterns = [(_pattern(ours), theirs) for ours, theirs in patterns]

    def text(self, text: str) -> str:
        """The text with every line that is known."""
        return "\n".join(self.line(line) for line in text.split("\n"))

    def line(self, line: str, depth: int = 0) -> str:
        """The line in this language, or as it is."""
        stripped = line.strip()
        if not stripped or len(stripped) > _LONGEST:
            return line
        indent = line[: len(line) - len(line.lstrip())]
        if stripped in self._exact:
            return indent + self._exact[stripped]
        if depth == 0 and stripped in self.alone:
            return indent + self.alone[stripped]
        for pattern, theirs in self._patterns:
            if (match := pattern.fullmatch(stripped)) is not None:
                values = match.groupdict()
                if depth < _DEEPEST:
                    values = {name: self.line(value, depth + 1) for name, value in values.items()}
                return indent + _PLACEHOLDER.sub(lambda found: values.get(found[1], found[0]), theirs)  # noqa: B023
        # "weight: The number differs": the place stays, and what is said of it is translated.
        place, colon, said = stripped.partition(": ")
        if colon and depth < _DEEPEST and (known := self.line(said, depth + 1)) != said:
            return f"{indent}{place}：{known}"
        return line


@lru_cache(maxsize=2)
def _catalogue(language: str) -> Messages:
    from babel.messages.pofile import read_po  # only for who needs it

    with (_CATALOGUES / language / "LC_MESSAGES" / "judge.po").open("rb") as file:
        known = [one for one in read_po(file) if one.id and one.string]
    anywhere, alone = (
        {str(one.id): str(one.string) for one in known if one.context == context} for context in (None, ALONE)
    )
    return Messages(anywhere, alone)


@lru_cache(maxsize=1000)
def _pattern(message: str) -> re.Pattern[str]:
    parts = _PLACEHOLDER.split(message)
    return re.compile(
        "".join(f"(?P<{part}>.+?)" if number % 2 else re.escape(part) for number, part in enumerate(parts))
    )
