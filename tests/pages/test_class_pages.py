"""The pages of a class in a real browser: sorting, filtering, phones, the dark, the keyboard, and hostile names."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from judge.cli import run

PACK = Path(__file__).parents[1] / "hostile" / "pack"
RIGHT = (PACK / "reference/normalise/solution.py").read_text()
MISTAKEN = (PACK / "problems/normalise/mistakes/unbiased_variance.py").read_text()
ATTACK = "<img src=x onerror=alert(1)>"
HANDED_IN = {
    "ada": RIGHT,
    "ben": MISTAKEN,
    f"x{ATTACK}": f"# {ATTACK}</pre><script>alert(2)</script>\nraise ValueError('{ATTACK}')\n",
    "zoe": f"def normalise(x):\n    print('{ATTACK}')\n    return x + 1\n",
}
BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]

pytestmark = pytest.mark.skipif(BROWSER is None, reason="there is no Chromium here")


@pytest.fixture(scope="module")
def graded(tmp_path_factory) -> Path:
    """A small class, judged for real."""
    folder = tmp_path_factory.mktemp("class")
    for student, source in HANDED_IN.items():
        (folder / "handed in" / student.replace("/", "_")).mkdir(parents=True)
        (folder / "handed in" / student.replace("/", "_") / "normalise.py").write_text(source)
    (folder / "handed in" / "zoe" / f"{ATTACK}.txt").write_text("?")
    (folder / "roster.csv").write_text("id,name\nada,Ada\nben,Ben\nzoe,Zoe\nyan,Yan\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JUDGE_DATA", str(folder / "data"))
        out = folder / "graded"
        where = ["--problems", str(PACK), "--out", str(out), "--device", "cpu", "--require-isolation", "L0"]
        assert run(["grade", str(folder / "handed in"), *where, "--roster", str(folder / "roster.csv")]) == 1
        assert run(["export", "feedback", str(out)]) in (0, 1)
    return out


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=BROWSER, args=OPTIONS)
        yield chromium
        chromium.close()


@pytest.fixture
def open_page(browser, graded) -> Iterator[Any]:
    """Opens a page; whatever it complains of, or asks the network for, fails the test."""
    trouble: list[str] = []
    contexts = []

    def open_(path: str, width: int = 1100, scheme: str = "light") -> Any:
        context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
        contexts.append(context)
        page = context.new_page()
        page.on("dialog", lambda dialog: (trouble.append(f"dialog {dialog.message}"), dialog.dismiss()))
        page.on("console", lambda message: trouble.append(f"console {message.text}"))
        page.on("pageerror", lambda error: trouble.append(f"error {error}"))
        page.on("request", lambda one: None if one.url.startswith("file:") else trouble.append(f"asks {one.url}"))
        page.goto((graded / path).as_uri())
        return page

    yield open_
    for context in contexts:
        context.close()
    assert trouble == []


def names(page: Any) -> list[str]:
    return [row.locator("td").first.inner_text() for row in page.locator("table.students tbody tr:visible").all()]


def test_the_class_is_sorted_by_a_click_and_by_the_keyboard(open_page):
    page = open_page("index.html")
    heading = page.get_by_role("button", name="total")
    heading.click()
    points = [float(text) for text in page.locator("table.students tbody td:nth-child(3)").all_inner_texts()]
    assert points == [0, 0, 20, 30, 100]
    heading.press("Enter")
    assert page.locator("th[aria-sort=descending]").inner_text().startswith("total")
    page.get_by_role("button", name="student").click()
    assert names(page) == sorted(names(page), key=str.lower)


def test_a_name_is_found(open_page):
    page = open_page("index.html")
    page.get_by_label("Show only").fill("zo")
    assert names(page) == ["Zoe"]
    assert page.locator("#count").inner_text() == "1 / 5"


def test_what_blocks_release_comes_first(open_page):
    page = open_page("index.html")
    block = page.get_by_role("alert").inner_text()
    assert "could not be matched" in block
    assert "handed in nothing" in block
    assert "Yan" in block
    assert page.locator("h1, [role=alert], h2").nth(1).get_attribute("role") == "alert"


def test_what_to_teach_next_is_named(open_page):
    page = open_page("index.html")
    assert "unbiased variance" in page.locator("table").last.inner_text()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", ["index.html", "students/ben.html", "students/zoe.html"])
def test_a_phone_needs_no_sideways_scrolling_and_the_dark_is_dark(open_page, path, scheme):
    page = open_page(path, 360, scheme)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    red = int(re.findall(r"\d+", page.evaluate("getComputedStyle(document.body).backgroundColor"))[0])
    assert (red < 60) == (scheme == "dark")


def test_a_students_page_shows_the_failing_line_and_how_to_replay(open_page, graded):
    page = open_page(next(path for path in (graded / "students").iterdir() if path.name.startswith("x")))
    assert "onerror" in page.locator(".source .failing").inner_text()
    page = open_page("students/ben.html")
    assert "judge replay" in page.locator("main").inner_text()
    page.get_by_role("link", name="the class").click()
    assert page.locator("h1").inner_text() == "The class"


def test_checks_open_by_keyboard(open_page):
    page = open_page("students/ada.html")
    first = page.locator("details").first
    assert first.get_attribute("open") is None
    first.locator("summary").press("Enter")
    assert first.get_attribute("open") is not None


def test_hostile_names_output_errors_and_code_are_only_text(open_page, graded):
    for path in [graded / "index.html", *(graded / "students").iterdir(), *(graded / "feedback").rglob("*.html")]:
        page = open_page(path)
        assert page.locator("main img, main script").count() == 0


def test_what_students_get_has_no_seed_and_nobody_else(graded):
    for path in (graded / "feedback").rglob("*.html"):
        text = path.read_text()
        assert "replay" not in text
        assert "seed" not in text
        others = {name for name in ("Ada", "Ben", "Zoe") if name.lower() != path.parent.name}
        assert not any(f">{name}<" in text for name in others)


def test_pages_that_would_be_the_same_are_left_alone(graded, tmp_path, monkeypatch):
    monkeypatch.setenv("JUDGE_DATA", str(graded.parent / "data"))
    before = {path: path.stat().st_mtime_ns for path in (graded / "students").iterdir()}
    where = ["--problems", str(PACK), "--out", str(graded), "--device", "cpu", "--require-isolation", "L0"]
    run(["grade", str(graded.parent / "handed in"), *where, "--roster", str(graded.parent / "roster.csv")])
    assert {path: path.stat().st_mtime_ns for path in (graded / "students").iterdir()} == before
