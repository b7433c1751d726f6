"""Lines for a terminal, a pipe or a file: never wider than it, never more than its encoding has."""

from __future__ import annotations

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from judge.language import current, translated
from judge.report.text import wrap
from judge.report.words import Marks, marks_for, word

FEWEST_CELLS, MOST_CELLS = 40, 120
NEUTRAL = ("skipped", "not judged")  # verdicts that say nothing against a solution

Piece = tuple[str, str]  # text and style


def mark_of(verdict: str, marks: Marks) -> str:
    """The sign of a verdict."""
    if verdict in NEUTRAL:
        return marks.neutral
    return {"passed": marks.passed, "infra": marks.infra}.get(verdict, marks.failed)


class Page:
    """Collects lines and prints them; nothing in them is read as markup."""

    def __init__(self, console: Console, language: str | None = None) -> None:
        self.console = console
        self.language = language or current()
        self.marks = marks_for(console.encoding)
        self.width = min(max(console.width, FEWEST_CELLS), MOST_CELLS)
        self._lines: list[Text] = []

    def word(self, key: str, **values: object) -> str:
        """A phrase of the report in the page's language."""
        return word(key, self.language, **values)

    def mark(self, verdict: str) -> Piece:
        """The mark of a verdict."""
        style = "dim" if verdict in NEUTRAL else {"passed": "green", "infra": "magenta"}.get(verdict, "red")
        return mark_of(verdict, self.marks), style

    def line(self, *pieces: Piece) -> None:
        """One line of pieces, each with its style; an empty one without pieces."""
        text = Text(no_wrap=True)
        for piece, style in pieces:
            text.append(_encodable(piece, self.console.encoding), style or None)
        text.rstrip()
        self._lines.append(text)

    def paragraph(self, text: str, indent: int = 0, style: str = "") -> None:
        """Text as wide as the page, each line behind an indent."""
        for part in wrap(translated(text, self.language), self.width - indent):
            self.line((" " * indent + part, style))

    def print(self) -> None:
        """Prints all lines."""
        if self.console.color_system is None and not self.console.is_terminal:
            self.console.file.write("".join(f"{text.plain}\n" for text in self._lines))  # a fifth of rich's time
            self._lines.clear()
        for text in self._lines:
            self.console.print(text, soft_wrap=True, highlight=False, markup=False, emoji=False)
        self._lines.clear()

    def gap(self, left: str, right: str) -> str:
        """The spaces that move `right` to the end of the line."""
        return " " * max(self.width - cell_len(left) - cell_len(right), 1)


def joined(pieces: list[Piece]) -> str:
    """The text of some pieces."""
    return "".join(text for text, _ in pieces)


def _encodable(text: str, encoding: str) -> str:
    """The text with a question mark for each character the encoding lacks, but nothing for one that takes no cell."""
    if encoding.startswith("utf"):
        return text
    try:
        text.encode(encoding)
        return text
    except LookupError:
        encoding = "ascii"
    except UnicodeEncodeError:
        pass
    lacking = {one for one in text if not one.encode(encoding, "ignore")}
    return "".join("?" * (cell_len(one) > 0) if one in lacking else one for one in text)
