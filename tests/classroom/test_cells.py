"""Cells of a CSV file are changed and every other byte stays."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as some

from judge.classroom.cells import NotCsv, read_table

NASTY = some.text(alphabet="a1,;\"\r\n\t 'é=", max_size=40)


@given(NASTY)
def test_cells_are_what_pythons_csv_module_reads(text):
    table = read_table(text.encode())
    delimiter = table.delimiter.decode()
    expected = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    assert [[cell.text for cell in row] for row in table.rows] == expected


@given(NASTY, NASTY, some.data())
def test_only_the_chosen_cell_changes(text, new, data):
    table = read_table(text.encode())
    cells = [cell for row in table.rows for cell in row]
    if not cells:
        return
    cell = data.draw(some.sampled_from(cells))
    filled = table.filled({cell: new})
    assert filled.startswith(table.data[: cell.start])
    assert filled.endswith(table.data[cell.end :])
    written = filled[cell.start : len(filled) - (len(table.data) - cell.end)]
    assert next(csv.reader(io.StringIO(written.decode(), newline=""), delimiter=table.delimiter.decode()), [""]) == [
        new
    ]


@given(some.lists(some.lists(NASTY, min_size=2, max_size=4), min_size=1, max_size=4))
def test_filling_in_what_is_there_changes_nothing_of_what_is_read(rows):
    page = io.StringIO(newline="")
    csv.writer(page, quoting=csv.QUOTE_ALL).writerows([["Student", "ID", "Section", "HW1 (1)"], *rows])
    table = read_table(b"\xef\xbb\xbf" + page.getvalue().encode())
    assert table.filled({cell: cell.text for row in table.rows for cell in row}) == table.data


def test_the_delimiter_is_seen_from_the_first_line():
    assert read_table(b'"a,b,c";d;e\n').delimiter == b";"
    assert read_table(b"a\tb\n").delimiter == b"\t"


@pytest.mark.parametrize("data", ["a,b".encode("utf-16"), b"PK\x03\x04", b"a,\0"])
def test_what_is_no_csv_in_utf8_is_refused(data):
    with pytest.raises(NotCsv):
        read_table(data)
