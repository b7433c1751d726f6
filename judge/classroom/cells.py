"""Changing single cells of somebody else's CSV file: every other byte stays as it is.

The file is looked at as bytes, so its line ends, quoting, byte order mark, delimiter and encoding are never touched.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

BOM = b"\xef\xbb\xbf"
DELIMITERS = (b",", b";", b"\t")


class NotCsv(ValueError):
    """The bytes cannot be read as CSV; the message says why."""


@dataclass(frozen=True)
class Cell:
    """A cell: where its bytes are, quotes included, and what they say."""

    start: int
    end: int
    raw: bytes

    @property
    def text(self) -> str:
        raw = self.raw
        if raw.startswith(b'"'):
            raw = _unquoted(raw)
        try:
            return raw.decode()
        except UnicodeDecodeError:
            return raw.decode("cp1252", "replace")

    @property
    def quoted(self) -> bool:
        return self.raw.startswith(b'"')


@dataclass(frozen=True)
class Table:
    """A CSV file with the place of each of its cells."""

    data: bytes
    delimiter: bytes
    rows: list[list[Cell]]

    def filled(self, values: Mapping[Cell, str]) -> bytes:
        """The file with other texts in those cells; a cell that was quoted stays so."""
        parts, end = [], 0
        for cell, text in sorted(values.items(), key=lambda item: item[0].start):
            parts += [self.data[end : cell.start], self._written(cell, text)]
            end = cell.end
        return b"".join([*parts, self.data[end:]])

    def _written(self, cell: Cell, text: str) -> bytes:
        raw = text.encode()
        if cell.quoted or any(sign in raw for sign in (self.delimiter, b'"', b"\r", b"\n")):
            return b'"' + raw.replace(b'"', b'""') + b'"'
        return raw


def read_table(data: bytes) -> Table:
    """Finds the cells; the delimiter is the one that makes the most of the first line. Raises NotCsv."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in data:
        raise NotCsv("it is no CSV file in UTF-8; export it again, or save it as CSV UTF-8")
    if data.startswith(b"PK"):
        raise NotCsv("it is a spreadsheet or a zip, not a CSV file")
    start = len(BOM) if data.startswith(BOM) else 0
    delimiter = max(DELIMITERS, key=lambda one: len(next(iter(_rows(data, start, one, most=1)), [])))
    return Table(data, delimiter, _rows(data, start, delimiter))


def _rows(data: bytes, start: int, delimiter: bytes, most: int | None = None) -> list[list[Cell]]:
    """The cells of each line; none for an empty line. A quote only means something where it opens a cell."""
    sign = re.escape(delimiter)
    # An opened quote that nobody closes reaches to the end of the file; what follows a closed one belongs to the cell.
    cell = re.compile(rb'"(?:[^"]|"")*(?:"[^%b\r\n]*|\Z)|[^%b\r\n]*' % (sign, sign))
    rows: list[list[Cell]] = []
    row: list[Cell] = []
    at = start
    while at < len(data) or row:
        found = cell.match(data, at)
        assert found is not None  # it matches nothing at all
        row.append(Cell(at, found.end(), found[0]))
        at = found.end()
        if data[at : at + 1] == delimiter:
            at += 1
            continue
        rows.append([] if len(row) == 1 and not row[0].raw else row)
        row = []
        if most is not None and len(rows) >= most:
            break
        at += 2 if data[at : at + 2] == b"\r\n" else 1
    return rows


def _unquoted(raw: bytes) -> bytes:
    inside = re.match(rb'"((?:[^"]|"")*)(?:"|\Z)', raw)
    assert inside is not None
    return inside[1].replace(b'""', b'"') + raw[inside.end() :]
