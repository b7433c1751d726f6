"""A run that has nothing to do leaves the results alone, and whatever has changed is written again."""

import os

import pytest

from .classes import RIGHT, WRONG, Class, hand_in, tiny_pack


def times(out):
    return {path.name: path.stat().st_mtime_ns for path in out.iterdir() if path.suffix in (".txt", ".csv", ".json")}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A class of two that was graded."""
    folder = tmp_path_factory.mktemp("whole")
    made = Class(folder / "class", folder / "out", tiny_pack(folder / "tiny"))
    hand_in(made.folder, {"ada/991.py": RIGHT, "ben/991.py": WRONG})
    assert made.grade() == 0
    return made


def test_nothing_is_written_when_nothing_has_changed(whole):
    said, before = whole.text, times(whole.out)
    assert {"ada.txt", "ben.txt", "grades.csv", "checks.csv", "results.json"} <= before.keys()
    assert whole.grade() == 0
    assert times(whole.out) == before
    assert whole.text == said


@pytest.mark.parametrize("harm", ["taken away", "changed"])
@pytest.mark.parametrize("name", ["ada.txt", "grades.csv", "results.json"])
def test_a_file_that_is_not_as_it_was_is_written_again(whole, name, harm):
    path = whole.out / name
    good = path.read_bytes()
    if harm == "taken away":
        path.unlink()
    else:
        path.write_bytes(good.replace(b"ada", b"eve"))
    assert whole.grade() == 0
    assert path.read_bytes() == good


def test_a_new_language_and_a_new_solution_are_written(whole):
    assert whole.grade(language="zh") == 0
    assert "通过" in (whole.out / "ada.txt").read_text()
    assert whole.grade() == 0
    assert "通过" not in (whole.out / "ada.txt").read_text()
    hand_in(whole.folder, {"ben/991.py": RIGHT})
    assert whole.grade() == 0
    assert "100/100" in (whole.out / "ben.txt").read_text()
    assert whole.by_student["ben"]["score"] == 100
    assert whole.results["finished"]


def test_a_translated_check_is_written(whole):
    messages = whole.packs.read("tiny/991-double").folder / "messages.zh.toml"
    assert whole.grade(language="zh") == 0
    messages.write_text('[checks]\ndoubles = "输入的两倍。"\n')
    assert whole.grade(language="zh") == 0
    assert any("输入的两倍。" in path.read_text() for path in whole.out.rglob("*.html"))
    messages.unlink()
    assert whole.grade() == 0


def test_a_solution_that_is_no_longer_python_is_read_anew(whole):
    hand_in(whole.folder, {"ben/991.py": "def double(x:\n"})
    assert whole.grade() == 0
    assert "syntax error" in whole.by_student["ben"]["message"]
    os.utime(whole.folder / "ben/991.py")
    before = times(whole.out)
    assert whole.grade() == 0
    assert times(whole.out) == before
