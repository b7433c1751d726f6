"""CSV files: read from people, and written so that no spreadsheet takes a text for a formula."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Sequence
from pathlib import Path

from judge.classroom.cells import NotCsv, read_table

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
Value = str | int | float | bool | None


def to_csv(heading: Sequence[str], rows: Iterable[Sequence[Value]]) -> str:
    """The rows as CSV: numbers as numbers, texts quoted and harmless, nothing for None."""
    page = io.StringIO(newline="")
    # Quotes around every text, so that a spreadsheet with another delimiter does not find a formula inside of one.
    writer = csv.writer(page, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
    for row in (heading, *rows):
        writer.writerow([_cell(value) for value in row])
    return page.getvalue()


def harmless(text: str) -> str:
    """The text with an apostrophe in front where a spreadsheet would take it for a formula."""
    return f"'{text}" if text.lstrip(" ").startswith(FORMULA) else text


def as_written(text: str) -> str:
    """A text of somebody's table without the apostrophe that `harmless` may have given it."""
    return text[1:] if text.startswith("'") and text[1:].lstrip(" ").startswith(FORMULA) else text


def number(value: float) -> float | int:
    """The number without a needless ".0"."""
    return int(value) if float(value).is_integer() else round(value, 4)


def read_rows(path: Path, needed: Sequence[str]) -> Iterable[tuple[int, dict[str, str]]]:
    """The rows of a table with a heading, each with its line; headings in any case, blank lines left out.

    Raises NotCsv, which names what is wrong and where; OSError when the file cannot be read.
    """
    table = read_table(path.read_bytes())
    heading = [cell.text.strip().casefold() for cell in table.rows[0]] if table.rows else []
    if missing := [name for name in needed if name not in heading]:
        raise NotCsv(f"the first line must name the columns {', '.join(needed)}; {missing[0]} is missing")
    for row in table.rows[1:]:
        values = [as_written(cell.text.strip()) for cell in row]
        if any(values):
            line = table.data[: row[0].start].count(b"\n") + 1
            yield line, dict(zip(heading, [*values, *[""] * (len(heading) - len(values))], strict=False))


def _cell(value: Value) -> Value:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return number(value) if math.isfinite(value) else None
    return None if value is None else harmless(value)
