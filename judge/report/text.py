"""Text that comes from a solution made harmless, and cut and wrapped by the cells it takes on a terminal."""

from __future__ import annotations

import re
import unicodedata

from rich.cells import cell_len, set_cell_size

ESCAPE = re.compile(
    r"\x1b\][^\x07\x1b]*(?:\x07|\x1b\\|$)"  # operating system commands: titles, links, the clipboard
    r"|\x1b[PX^_][^\x1b]*(?:\x1b\\|$)"  # device control and other strings
    r"|(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?"  # control sequences: colours, the cursor
    r"|\x1b[ -/]*[0-~]?"
)
LINE_END = re.compile(r"\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]")
WIDE = "\u2e80-\u9fff\uac00-\ud7ff\uf900-\ufaff\uff00-\uff60"
TOKEN = re.compile(rf" +|[{WIDE}][、。，：；！？）」』”]*|[^ {WIDE}]+")


def plain(text: object, *, longest: int | None = 400, lines: int | None = None) -> str:
    """The text without terminal escapes, control characters and invisible ones; only line feeds are left.

    longest: characters kept of a line. lines: how many are kept, half of them from the end; None keeps all.
    """
    text = str(text)
    if text.isascii() and text.isprintable() and len(text) <= (longest or len(text)):
        return text  # most are: a class has millions
    kept = []
    for line in LINE_END.split(ESCAPE.sub("", text).expandtabs(4)):
        # Cf holds the characters that reverse the direction of what follows; Mn above a few turns into smears.
        line = "".join(
            "\N{REPLACEMENT CHARACTER}" if unicodedata.category(character) in ("Cs", "Co", "Cn") else character
            for character in (line if longest is None else line[: 4 * longest])
            if unicodedata.category(character) not in ("Cc", "Cf") and not "\ufe00" <= character <= "\ufe0f"
        )
        line = re.sub(r"([\u0300-\u036f]{3})[\u0300-\u036f]+", r"\1", line)
        kept.append(line if longest is None or len(line) <= longest else f"{line[:longest]}...")
    if lines is not None and len(kept) > lines:
        head, tail = (lines + 1) // 2, lines // 2
        dropped = f"... {len(kept) - lines} more lines ..."
        kept = [*kept[:head], dropped, *kept[len(kept) - tail :]]
    return "\n".join(kept)


def shorten(text: str, width: int, ellipsis: str = "…") -> str:
    """One line of at most `width` cells, cut at the end with an ellipsis where it is longer."""
    text = " ".join(text.split())
    if cell_len(text) <= width:
        return text
    return set_cell_size(text, max(width - cell_len(ellipsis), 0)).rstrip() + ellipsis


def wrap(text: str, width: int) -> list[str]:
    """Lines of at most `width` cells, broken at spaces and between Chinese characters, else inside a long word."""
    result = []
    for line in text.split("\n"):
        if cell_len(line) <= width:
            result.append(line.rstrip())
            continue
        current = ""
        for token in TOKEN.findall(line):
            if cell_len(current + token.rstrip()) > width:
                if current.strip():
                    result.append(current.rstrip())
                current = ""
                token = token.lstrip()
                while cell_len(token) > width:
                    piece = set_cell_size(token, width).rstrip()
                    piece = token[: max(len(piece), 1)]
                    result.append(piece)
                    token = token[len(piece) :]
            current += token
        if current.strip():
            result.append(current.rstrip())
    return result
