"""The text of a solution as HTML: lines with numbers, in colour, and the failing ones marked."""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Collection, Iterator

from markupsafe import Markup, escape

from judge.report import Report
from judge.report.text import plain

MOST_LINES = 2000
AROUND = 10  # lines shown around a failing one further down
LONGEST = 1000  # characters of a line
_LINE = re.compile(r"line (\d{1,9})\b")
_LINE_END = re.compile(r"\r\n|\r|\n")  # what Python counts
_TOKEN = re.compile(
    r"""(?P<c>\#[^\n]*)
    |(?P<s>(?:\b[rbuftRBUFT]{1,2})?(?:'''(?:\\[\s\S]|[^\\])*?(?:'''|\Z)|\"""(?:\\[\s\S]|[^\\])*?(?:\"""|\Z)
        |'(?:\\.|[^'\\\n])*'?|"(?:\\.|[^"\\\n])*"?))
    |(?P<n>\b\d[\w.]*)
    |(?P<a>^[ ]*@[\w.]+)
    |(?P<f>(?<=\bdef[ ])\w+|(?<=\bclass[ ])\w+)
    |(?P<w>\b[^\W\d]\w*)""",
    re.VERBOSE | re.MULTILINE,
)
_WORDS = dict.fromkeys(dir(builtins), "b") | dict.fromkeys(keyword.kwlist, "k")


def line_of(location: str | None) -> int:
    """The number in "line 12: scores = q @ k"; 0 where there is none."""
    found = _LINE.match(location or "")
    return int(found[1]) if found else 0


def failing_lines(report: Report) -> set[int]:
    """The lines of the solution that a failure names."""
    places = [report.location or report.message, *(check.location for check in report.checks)]
    return {line_of(place) for place in places} - {0}


def listing(source: str, failing: Collection[int], anchor: str) -> Markup:
    """The lines of a solution; a failing one has the id "ANCHOR-LINE", for links to it."""
    text = "\n".join(line.expandtabs(4)[:LONGEST] for line in _LINE_END.split(source.rstrip()))
    lines = _coloured(text)
    shown = _shown(len(lines), failing)
    parts: list[str] = []
    last = 0
    for number in shown:
        if number != last + 1:
            parts.append(f'<span class="gap">… {number - last - 1} …</span>')
        mark = f' class="failing" id="{escape(anchor)}-{number}"' if number in failing else ""
        parts.append(f"<span{mark}><i>{number}</i>{lines[number - 1]}</span>")
        last = number
    if last < len(lines):
        parts.append(f'<span class="gap">… {len(lines) - last} …</span>')
    return Markup("\n".join(parts))


def _shown(count: int, failing: Collection[int]) -> list[int]:
    near = {number for line in failing for number in range(line - AROUND, line + AROUND + 1)}
    return sorted({*range(1, min(count, MOST_LINES) + 1), *(number for number in near if 1 <= number <= count)})


def _coloured(text: str) -> list[str]:
    """The lines as HTML. A token may go over several of them, each of which is in its colour."""
    parts: list[str] = []
    at = 0
    for style, start, end in _tokens(text):
        parts.append(_visible(text[at:start]))
        token = _visible(text[start:end]).replace("\n", f"</b>\n<b class={style}>")
        parts.append(f"<b class={style}>{token}</b>")
        at = end
    parts.append(_visible(text[at:]))
    return "".join(parts).split("\n")


def _tokens(text: str) -> Iterator[tuple[str, int, int]]:
    """What is to be in colour: style, start, end."""
    for token in _TOKEN.finditer(text):
        style = token.lastgroup or ""
        if style == "w":
            style = _WORDS.get(token[0], "")
        if style:
            yield style, *token.span()


def _visible(text: str) -> str:
    """The text escaped, and what cannot be seen in it by its name: it may make code look like other code."""
    if text.replace("\n", "").isprintable():
        return str(escape(text))
    return "".join(_character(one) for one in text)


def _character(one: str) -> str:
    if one == "\n" or one.isprintable():
        return str(escape(one))
    return f'<b class="hidden">U+{ord(one):04X}</b>'


def file_name(report: Report) -> str:
    """What the solution's file is called."""
    return plain(re.split(r"[/\\]", report.file or "")[-1], lines=1)
