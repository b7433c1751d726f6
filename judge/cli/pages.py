"""Pages for the browser: reports, where pages are written, and opening them."""

from __future__ import annotations

import tempfile
import webbrowser
from pathlib import Path

from judge.cli.options import WrongUse, open_history, say
from judge.history import cache_folder
from judge.practice.desk import shown
from judge.problems import Problem
from judge.report import Report
from judge.report.text import plain


def report_page(report: Report, source: str | None, problem: Problem | None, language: str) -> str:
    """An attempt as a page; problem: None where it is not known any more."""
    from judge.report.html import fragment, page
    from judge.report.localised import localised
    from judge.report.telling import next_step, number_of

    with open_history() as history:
        shown_hints = history.hints_shown(report.problem)
    told = localised(report, problem, language)
    step = next_step(told, language, shown_hints + 1)
    title = f"{number_of(told)} {plain(told.title, lines=1)}"
    return page(fragment(told, source, language=language, next_step=step), title, language=language)


def write_page(html: str, name: str, output: Path | None) -> Path:
    """Writes a page to `output`, or under its name where pages are kept; a home that is read-only hinders nobody."""
    if output is not None:
        try:
            output.write_text(html, encoding="utf-8")
        except OSError as error:
            raise WrongUse(f"--output: cannot write {output}: {error.strerror}") from None
        return output.absolute()
    kept = cache_folder() / "pages" / name
    try:
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(html, encoding="utf-8")
    except OSError:
        kept = Path(tempfile.mkdtemp(prefix="judge-")) / Path(name).name
        kept.write_text(html, encoding="utf-8")
    return kept.absolute()


def show_page(page: Path, no_open: bool) -> None:
    """Opens a page in the browser, and says where it is in any case."""
    if no_open:
        say(f"Wrote {shown(page)}")
    elif webbrowser.open(page.as_uri()):
        say(f"Opened {shown(page)}")
    else:
        say(f"Wrote {shown(page)}: no browser could be started here, open it yourself.")
