"""What a solution drew is shown beside what the reference drew, whatever it drew."""

import base64
import struct
import zlib

import pytest
import torch

from judge.pictures import MOST_PICTURES, pictures_of
from judge.report import Picture
from judge.report.html import fragment

from .samples import check, report

INF, NAN = float("inf"), float("nan")


def pixels(picture: str) -> tuple[int, int, bytes]:
    """Width, height and the lines of a PNG, each with its filter byte."""
    data = base64.b64decode(picture)
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", data[16:24])
    begin = data.index(b"IDAT") + 4
    return width, height, zlib.decompress(data[begin:])


def test_black_and_white_are_the_references_smallest_and_largest_number():
    (one,) = pictures_of(["a"], {"a": torch.tensor([[0.0, 9.0, -9.0]])}, {"a": torch.tensor([[0.0, 1.0, 2.0]])})
    assert pixels(one.expected) == (3, 1, bytes([0, 0, 128, 255]))
    assert pixels(one.got) == (3, 1, bytes([0, 0, 255, 0]))


def test_three_channels_are_colours_and_of_others_the_first_is_shown():
    for channels, numbers in ((3, 3), (2, 1), (1, 1)):
        (one,) = pictures_of([0], (torch.rand(1, channels, 4, 5),), (torch.rand(1, channels, 4, 5),))
        width, height, lines = pixels(one.got)
        assert (width, height, len(lines)) == (5, 4, 4 * (1 + 5 * numbers))


def test_there_are_few_and_small_ones_and_wrong_cases_come_first():
    large = {"right": torch.rand(40, 1, 300, 200), "wrong": torch.rand(2, 1, 300, 200)}
    found = pictures_of(["right", "wrong"], large, large, wrong=["wrong"])
    assert len(found) == MOST_PICTURES
    assert [one.name for one in found[:3]] == ["wrong [0]", "wrong [1]", "right [0]"]
    assert max(pixels(found[0].got)[:2]) <= 64


@pytest.mark.parametrize(
    "got",
    [None, "text", 3, torch.rand(2, 2), torch.rand(3), torch.zeros(3, 3, dtype=torch.complex64), torch.empty(0, 3)],
)
def test_what_is_no_such_image_is_missing(got):
    (one,) = pictures_of(["a"], {"a": got}, {"a": torch.rand(3, 3)})
    assert one.got is None
    assert pictures_of(["a"], got, {"a": torch.rand(3, 3)})[0].got is None


STRANGE = [
    *(torch.full((2, 2), number, dtype=torch.float64) for number in (NAN, INF, -INF, 1e308, -1e308)),
    torch.full((2, 2), INF, dtype=torch.float16),
    torch.tensor([[True, False]] * 2),
    torch.tensor([[2**62, -(2**62)]] * 2),
]


@pytest.mark.parametrize("strange", STRANGE, ids=str)
def test_any_number_can_be_drawn(strange):
    for got, expected in ((strange, torch.rand(2, 2)), (torch.rand(2, 2), strange), (strange, strange)):
        (one,) = pictures_of(["a"], {"a": got}, {"a": expected})
        assert pixels(one.got)[:2] == pixels(one.expected)[:2] == (2, 2)


def test_a_page_has_both_and_what_is_handed_out_has_the_solutions_only():
    shown = report(check("draws", verdict="wrong", message="no", pictures=[Picture("drawn", "AAAA", "BBBB")]))
    assert all(f"data:image/png;base64,{data}" in fragment(shown) for data in ("AAAA", "BBBB"))
    handed_out = fragment(shown, handed_out=True)
    assert "base64,AAAA" in handed_out
    assert "BBBB" not in handed_out


def test_what_is_no_png_is_not_put_into_a_page():
    shown = report(check("draws", verdict="wrong", message="no", pictures=[Picture("drawn", '"><script>', "BBBB")]))
    assert "<script>" not in fragment(shown)
