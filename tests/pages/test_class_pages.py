"""The pages of a class in a real browser: sorting, filtering, phones, the dark, the keyboard, and hostile names."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from judge.cli import run

from .conftest import is_dark

PACK = Path(__file__).parents[1] / "hostile" / "pack"
RIGHT = (PACK / "reference/normalise/solution.py").read_text()
MISTAKEN = (PACK / "problems/normalise/mistakes/unbiased_variance.py").read_text()
ATTACK = "<img src=x onerror=alert(1)>"
HIDDEN = "x = 1  # \u202e\u2066 what is read here is not what runs \u2069"
HANDED_IN = {
    "ada": RIGHT,
    "ben": MISTAKEN,
    f"x{ATTACK}": f"# {ATTACK}</pre><script>alert(2)</script>\n{HIDDEN}\nraise ValueError('{ATTACK}')\n",
    "zoe": f"def normalise(x):\n    print('{ATTACK}')\n    return x + 1\n",
    **{f"named{number}": RIGHT.replace("def normalise", "def normalize") for number in range(3)},
    "'\"&javascript:alert(3)#?%41": "def normalise(x):\n    return (\n",
}


def grade(folder: Path) -> int:
    where = ["--problems", str(PACK), "--out", str(folder / "graded"), "--device", "cpu", "--require-isolation", "L0"]
    return run(["grade", str(folder / "handed in"), *where, "--roster", str(folder / "roster.csv")])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a small class was judged for real."""
    folder = tmp_path_factory.mktemp("class")
    for student, source in HANDED_IN.items():
        (folder / "handed in" / student).mkdir(parents=True)
        (folder / "handed in" / student / "normalise.py").write_text(source)
    (folder / "handed in" / "zoe" / f"{ATTACK}.txt").write_text("?")
    (folder / "roster.csv").write_text("id,name\nada,Ada\nben,Ben\nzoe,Zoe\nyan,Yan\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JUDGE_DATA", str(folder / "data"))
        assert grade(folder) == 1
        assert run(["export", "feedback", str(folder / "graded")]) in (0, 1)
    return folder


@pytest.fixture(scope="module")
def graded(folder: Path) -> Path:
    return folder / "graded"


def page_of(graded: Path, name: str) -> Path:
    """The page of the student whose file's name begins like this."""
    return next(path for path in sorted((graded / "students").iterdir()) if path.name.startswith(name))


def everything(graded: Path) -> list[Path]:
    return [graded / "index.html", *(graded / "students").iterdir(), *(graded / "feedback").rglob("*.html")]


def names(page: Any) -> list[str]:
    return [one.inner_text() for one in page.locator("table.students tbody tr:visible th").all()]


def totals(page: Any) -> list[str]:
    return page.locator("table.students tbody td.total").all_inner_texts()


def test_the_class_is_sorted_by_a_click_and_by_the_keyboard(open_page: Callable[..., Any], graded: Path) -> None:
    page = open_page(graded / "index.html")
    heading = page.get_by_role("button", name="total")
    heading.click()
    down = [float(text) for text in totals(page) if text != "–"]
    assert down == sorted(down, reverse=True)
    assert len(set(down)) > 2
    assert page.locator("th[aria-sort=descending]").inner_text().startswith("total")
    heading.press("Enter")
    assert [float(text) for text in totals(page) if text != "–"] == down[::-1]
    assert page.locator("th[aria-sort=ascending]").inner_text().startswith("total")
    page.get_by_role("button", name="student").press("Space")
    assert [name for name in names(page) if name.isalpha()] == ["Ada", "Ben", "Yan", "Zoe"]


def test_who_has_no_points_comes_last_whichever_way(open_page: Callable[..., Any], graded: Path) -> None:
    page = open_page(graded / "index.html")
    heading = page.locator("table.students thead button").nth(1)
    for _ in range(2):
        heading.click()
        assert names(page)[-1] == "Yan"  # who handed in nothing


def test_students_are_found_by_parts_of_names_and_ids(open_page: Callable[..., Any], graded: Path) -> None:
    page = open_page(graded / "index.html")
    page.keyboard.press("Tab")
    page.get_by_label("Show only").fill("ZO")
    assert names(page) == ["Zoe"]
    assert page.locator("#count").inner_text() == "1 / 9"
    page.get_by_label("Show only").fill("NAME 2")
    assert names(page) == ["named2"]
    page.get_by_label("Show only").fill("")
    assert len(names(page)) == 9


def test_what_blocks_release_comes_first(open_page: Callable[..., Any], graded: Path) -> None:
    page = open_page(graded / "index.html")
    assert page.locator("h1, h2").nth(1).inner_text() == "Before you release these grades"
    page.evaluate("document.querySelectorAll('details').forEach((one) => (one.open = true))")
    said = page.locator(".blocks").inner_text()
    for words in (
        f"{ATTACK}.txt",
        "3 of 8 cannot be judged",
        "They define normalize (3)",
        "named2",
        "Handed in nothing",
    ):
        assert words in said
    assert "Yan" in said


def test_what_to_teach_next_is_named(open_page: Callable[..., Any], graded: Path) -> None:
    page = open_page(graded / "index.html")
    assert "unbiased variance" in page.locator(".teach").inner_text()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_needs_no_sideways_scrolling_and_the_dark_is_dark(
    open_page: Callable[..., Any], graded: Path, scheme: str
) -> None:
    for path in (graded / "index.html", page_of(graded, "ben"), page_of(graded, "x")):
        page = open_page(path, 320, scheme)
        assert page.evaluate("document.documentElement.scrollWidth") <= 320
        assert is_dark(page) == (scheme == "dark")


def test_a_number_leads_to_what_explains_it_and_back(open_page: Callable[..., Any], graded: Path) -> None:
    page = open_page(graded / "index.html")
    page.get_by_role("row", name="Ben").get_by_role("link").last.click()
    assert page.locator("h1").inner_text() == "Ben"
    assert page.locator("h2:target").count() == 1
    assert f"judge replay {graded} ben normalise" in page.locator("main").inner_text().replace("pack/", "")
    page.get_by_role("link", name="The class").click()
    assert page.locator("h1").inner_text() == "The class"


def test_every_student_is_reached_whatever_he_is_called(open_page: Callable[..., Any], graded: Path) -> None:
    page = open_page(graded / "index.html")
    links = page.locator("table.students th a")
    for number in range(links.count()):
        name = links.nth(number).inner_text()
        links.nth(number).click()
        assert page.locator("h1").inner_text() == name
        page.go_back()


def test_the_failing_line_is_marked(open_page: Callable[..., Any], graded: Path) -> None:
    page = open_page(page_of(graded, "x"))
    assert page.locator(".failing").inner_text() == f"3raise ValueError('{ATTACK}')"
    page.get_by_role("link", name="line 3").click()
    assert page.locator(".failing:target").count() == 1


def test_what_cannot_be_seen_in_code_is_shown(open_page: Callable[..., Any], graded: Path) -> None:
    page = open_page(page_of(graded, "x"))
    assert page.locator(".code .hidden").all_inner_texts() == ["U+202E", "U+2066", "U+2069"]


def test_checks_open_by_keyboard(open_page: Callable[..., Any], graded: Path) -> None:
    page = open_page(page_of(graded, "ben"))
    first = page.locator("details").first
    assert first.get_attribute("open") is not None
    first.locator("summary").press("Enter")
    assert first.get_attribute("open") is None


def test_hostile_names_output_errors_and_code_are_only_text(open_page: Callable[..., Any], graded: Path) -> None:
    paths = everything(graded)
    assert any(ATTACK in path.read_text() or "&lt;img" in path.read_text() for path in paths)
    for path in paths:
        page = open_page(path)
        assert page.locator("main :is(img, script, iframe, style), main [style], main [onerror]").count() == 0
        assert all("javascript:" not in one for one in page.evaluate("[...document.links].map((one) => one.protocol)"))


def test_what_students_get_has_no_seed_and_nobody_else(graded: Path) -> None:
    pages = list((graded / "feedback").rglob("*.html"))
    assert len(pages) == len(HANDED_IN)
    for path in pages:
        text = path.read_text()
        assert "replay" not in text
        assert "seed" not in text
        assert str(graded) not in text
        others = {name for name in ("Ada", "Ben", "Zoe", "Yan") if name.lower() != path.parent.name}
        assert not any(f">{name}<" in text for name in others)


def test_the_index_has_numbers_and_no_code(graded: Path) -> None:
    assert "def normalise" not in (graded / "index.html").read_text()
    assert "def" in page_of(graded, "ada").read_text()


def test_pages_that_would_be_the_same_are_left_alone(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def written() -> dict[str, int]:
        return {path.name: path.stat().st_mtime_ns for path in (folder / "graded/students").iterdir()}

    monkeypatch.setenv("JUDGE_DATA", str(folder / "data"))
    before = written()
    (folder / "handed in/ben/normalise.py").write_text(RIGHT)
    grade(folder)
    assert {name for name, when in written().items() if when != before[name]} == {"ben.html"}
