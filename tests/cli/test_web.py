"""judge show --web: a statement in the browser, without a network."""

import os
import shutil
import stat
from pathlib import Path

import pytest

from judge.practice.statement import to_html, to_mathml
from judge.problems import packs


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_formula_of_every_statement_becomes_mathml(language):
    for problem in packs():
        html = to_html(problem.text("statement", language))
        assert 'class="formula"' not in html, problem.slug
        outside = "".join(part.rpartition("</code>")[2] for part in html.split("<code"))
        assert "$" not in outside, problem.slug


def test_a_formula_that_cannot_be_read_is_shown_as_on_a_terminal():
    assert to_mathml("x_a_b<", display=False) == '<code class="formula">xₐ_b&lt;</code>'


def test_names_of_functions_and_signs_are_spaced():
    assert '<mi>ln</mi><mspace width="0.167em" /><mi>p</mi>' in to_mathml(r"\ln p", display=False)
    assert "<mi>ln</mi><mo" in to_mathml(r"\ln(p)", display=False)
    assert '<mo form="prefix">−</mo><mi>x</mi>' in to_mathml("y = -x", display=False)


def test_markup_in_a_statement_stays_text():
    html = to_html("<script>alert(1)</script> [x](javascript:alert(1)) $x < y$ `$a$`")
    assert "<script" not in html
    assert "href" not in html
    assert "&lt;</mo>" in html
    assert "<code>$a$</code>" in html


def test_the_page_is_written_where_told(judge, pack, desk):
    status, out, err = judge("show", "77", "--output", "a page with ünïcode.html", "--no-open", "--lang", "zh")
    assert (status, out, err) == (0, "", "已写出 a page with ünïcode.html\n")
    text = (desk / "a page with ünïcode.html").read_text("utf-8")
    assert '<html lang="zh">' in text
    assert "加倍" in text
    status, _, err = judge("show", "77", "-o", "nowhere/page.html")
    assert (status, err.count("\n")) == (2, 1)
    assert "cannot write nowhere/page.html" in err


def test_the_page_is_opened_in_the_browser(program, pack, desk, monkeypatch):
    browser, seen = desk / "browser.sh", desk / "seen.txt"
    browser.write_text(f"#!/bin/sh\necho \"$1\" > '{seen}'\n")
    browser.chmod(browser.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("BROWSER", str(browser))
    done = program("show", "77", "--web")
    assert (done.returncode, done.stdout) == (0, "")
    page = Path(os.environ["JUDGE_DATA"]) / "cache/pages/mypack/77-double.en.html"
    assert f"Opened {page}" in done.stderr
    assert seen.read_text().strip() == page.as_uri()


def test_a_browser_draws_it_without_a_network(judge, pack, desk):
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("there is no browser here")
    from playwright.sync_api import sync_playwright

    judge("show", "34", "--output", "page.html", "--no-open")
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        browser = playwright.chromium.launch(executable_path=chromium, args=arguments)
        page = browser.new_page(viewport={"width": 390, "height": 800}, color_scheme="dark")
        said, asked = [], []
        page.on("console", lambda message: said.append(message.text))
        page.on("request", lambda request: asked.append(request.url))
        page.goto((desk / "page.html").as_uri())
        fraction = page.locator("math mfrac").first.bounding_box()
        numerator = page.locator("math mfrac > *").first.bounding_box()
        assert numerator["y"] + numerator["height"] < fraction["y"] + fraction["height"]  # above the line
        assert page.evaluate("document.documentElement.scrollWidth") == 390  # nothing is cut off on a phone
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(22, 24, 28)"
        assert said == []
        assert asked == [(desk / "page.html").as_uri()]
        browser.close()
