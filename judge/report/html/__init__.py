"""A report as HTML: a piece for other pages and for notebooks, or a whole page that needs no network.

It says what the terminal says (judge.report.telling). Everything in a report may have been written by a solution: it
goes through `plain` and Jinja's escaping, and a page's own style and script are all that its security policy lets in.
"""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass
from functools import lru_cache

import jinja2
from markupsafe import Markup

from judge.language import translated
from judge.report import CheckResult, Report
from judge.report.html.code import failing_lines, file_name, line_of, listing
from judge.report.html.drawings import drawn_curves, drawn_score, ends
from judge.report.page import NEUTRAL, mark_of
from judge.report.telling import (
    alike,
    basis,
    counts,
    devices_of,
    diagnosis_heading,
    headline,
    is_failing,
    is_simulated,
    limits,
    number_of,
    other_cases,
    points_text,
    ranked,
    row_text,
    time_of,
    where_it_fails,
)
from judge.report.text import plain
from judge.report.words import UNICODE, located, word

MESSAGE_LINES, PRINTED_LINES, VALUE_LINES = 12, 40, 8


def fragment(
    report: Report,
    source: str | None = None,
    *,
    language: str = "en",
    handed_out: bool = False,
    next_step: str | None = None,
    anchor: str = "",
) -> Markup:
    """The report as an `<article>`, for a page or an element of class "judge".

    source: what was handed in, shown with the failing lines marked. handed_out: for a student after grading, so without
    the class's secret seed. next_step: what to try now. anchor: what ids in it begin with.
    """
    anchor = anchor or f"judge-{hashlib.sha256(f'{report.problem} {report.started_at}'.encode()).hexdigest()[:8]}"
    checks = [] if report.untouched or report.message else ranked(report.checks)
    failing = [check for check in checks if is_failing(check)]
    first_of_their_kind = {group[0].name for group in alike(failing)}
    score, state = headline(report, language)
    return Markup(
        environment()
        .get_template("report.html.jinja")
        .render(
            anchor=anchor,
            number=number_of(report),
            title=plain(report.title, lines=1),
            score=score.partition("/")[0],
            of=score.partition("/")[2],
            state=state,
            style=_style_of("untouched" if report.untouched else report.verdict),
            bar=drawn_score(checks),
            paragraphs=_paragraphs(report, language),
            location=_location(report.location, language) if report.message and not report.untouched else None,
            rows=[
                _row(
                    check,
                    language,
                    opened=check.name in first_of_their_kind,
                    shrunk=not report.released,
                    handed_out=handed_out,
                )
                for check in checks
            ],
            counts=", ".join(counts(checks)),
            diagnoses=[
                (diagnosis_heading(one, checks, language), plain(one.text, lines=MESSAGE_LINES))
                for one in (report.diagnosis if checks else ())
            ],
            passed=word("all passed", language) if report.accepted else "",
            next=word("next", language, step=next_step) if next_step else "",
            words={name: word(name, language) for name in ("yours", "reference", "printed")},
            code=listing(source, failing_lines(report), anchor) if source else "",
            file=file_name(report) or translated("What was handed in", language),
            basis=" · ".join(basis(report, language, with_seed=not handed_out)),
            simulated=word("simulated", language) if any(map(is_simulated, report.devices)) and checks else "",
        )
    )


def embedded(content: Markup) -> Markup:
    """Some content with its style, for a page of somebody else, such as a notebook: nothing else there changes."""
    return Markup(f'<style>{report_style()}</style><div class="judge inset">{content}</div>')


def page(content: Markup, title: str, *, language: str = "en", style: str = "", script: str = "") -> str:
    """A whole page around some content: with no network, and nothing that is not its own.

    style, script: what it needs beside the style of reports.
    """
    styles = report_style() + text_of("judge.report.html", "page.css") + style
    return (
        environment()
        .get_template("page.html.jinja")
        .render(
            content=content,
            title=title,
            language=language,
            style=Markup(styles),
            style_hash=Markup(_allowed(styles)),
            script=Markup(script),
            script_hash=Markup(_allowed(script)),
        )
    )


def report_style() -> str:
    """The style sheet of reports; all of it is for what is inside of an element of class "judge"."""
    return text_of("judge.report.html", "report.css")


@lru_cache
def environment(package: str = "judge.report.html") -> jinja2.Environment:
    """The templates of a package; whatever they are given is escaped."""
    return jinja2.Environment(
        loader=jinja2.PackageLoader(package),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )


@lru_cache
def text_of(package: str, name: str) -> str:
    """A style sheet or a script beside a package's templates."""
    loader = environment(package).loader
    assert loader is not None
    return loader.get_source(environment(package), name)[0]


def _allowed(text: str) -> str:
    """What a security policy says of the one inline text that it lets in."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


# ------------------------------------------------------------------------------------------------------- the report


@dataclass(frozen=True)
class _Row:
    """What is shown of one check."""

    mark: str
    style: str
    verdict: str
    text: str
    about: str  # kind, name, devices, time
    points: str
    opened: bool  # whether what explains it is unfolded
    cases: list[tuple[str, str, str]]  # name, mark, style
    example: str
    message: str
    facts: list[tuple[str, str]]
    location: _Place | None
    others: list[str]
    curves: Markup
    curve_ends: list[tuple[str, str, str]]  # style, whose, "2 → 0.1"
    pictures: list[tuple[str, str, str]]  # name, and the PNGs of the solution and the reference, or ""
    printed: str

    @property
    def explained(self) -> bool:
        parts = (
            self.cases,
            self.example,
            self.message,
            self.facts,
            self.location,
            self.curves,
            self.pictures,
            self.printed,
        )
        return any(parts)


def _row(check: CheckResult, language: str, *, opened: bool, shrunk: bool, handed_out: bool) -> _Row:
    failed = is_failing(check)
    devices = devices_of(check)
    differ = len(set(devices.values())) > 1
    shown = " ".join(
        plain(name, lines=1) + ("*" if is_simulated(name) else "") + (f" {mark_of(verdict, UNICODE)}" if differ else "")
        for name, verdict in devices.items()
    )
    known = failed and check.verdict != "wrong"
    about = [check.kind, check.name, *([word(check.verdict, language)] if known else []), shown, *time_of(check)]
    curves = [("mine", "yours", check.curve), ("theirs", "reference", check.reference_curve)] if check.curve else []
    example = plain(check.example, lines=2) if check.example and failed else ""
    message = f"{where_it_fails(check, language)} {plain(check.message or '', lines=MESSAGE_LINES)}".strip()
    return _Row(
        mark=mark_of(check.verdict, UNICODE),
        style=_style_of(check.verdict),
        verdict=word(check.verdict, language),
        text=row_text(check, language),
        about=" · ".join(plain(part, lines=1) for part in about if part),
        points=points_text(check),
        opened=opened or bool(curves),
        cases=[
            (plain(case.name), mark_of(case.verdict, UNICODE), _style_of(case.verdict)) for case in check.cases or ()
        ],
        example=word("smallest" if shrunk else "drawn", language, example=example) if example else "",
        message=message if failed else "",
        facts=_facts(check, language) if failed else [],
        location=_location(check.location, language) if failed else None,
        others=list(other_cases(check)) if failed else [],
        curves=drawn_curves([(style, curve) for style, _, curve in curves if curve]),
        curve_ends=[(style, word(name, language), ends(curve)) for style, name, curve in curves if curve],
        pictures=[
            (plain(one.name, lines=1), _base64(one.got), "" if handed_out else _base64(one.expected))
            for one in check.pictures or ()
            if one.got or not handed_out
        ],
        printed=plain((check.stdout or "").strip(), lines=PRINTED_LINES) if failed else "",
    )


def _facts(check: CheckResult, language: str) -> list[tuple[str, str]]:
    """Where the first difference is, what was expected and what came, and how large the largest difference is."""
    if check.expected is None and check.got is None and check.error is None:
        return []  # the message has said it all
    facts = [(translated("where", language), plain(check.index, lines=1))] if check.index else []
    for key, value in (("expected", check.expected), ("got", check.got)):
        if value is not None:
            facts.append((word(key, language), plain(value, lines=VALUE_LINES)))
    return [*facts, ("", limits(check, language))] if limits(check, language) else facts


@dataclass(frozen=True)
class _Place:
    """A line of the solution: "line 12" and what stands there."""

    number: int
    label: str
    text: str


def _location(location: str | None, language: str) -> _Place | None:
    if not location:
        return None
    text, number = plain(location, lines=1), line_of(location)
    if not number:
        return _Place(0, "", text)
    label = word("line", language, number=number)
    return _Place(number, label.rstrip(":："), located(text, language).removeprefix(label.rstrip(":：")).lstrip(":： "))


def _paragraphs(report: Report, language: str) -> list[str]:
    """What there is to say where nothing was checked."""
    if report.untouched:
        return [word("stub", language)]
    return [plain(report.message, lines=MESSAGE_LINES)] if report.message else []


def _base64(data: str | None) -> str:
    """The data of a picture; "" for what is none, since a report may come from anywhere."""
    return data if data and re.fullmatch(r"[A-Za-z0-9+/]+={0,2}", data) else ""


def _style_of(verdict: str) -> str:
    if verdict == "passed":
        return "good"
    if verdict in (*NEUTRAL, "untouched"):
        return "soft"
    return "odd" if verdict == "infra" else "bad"
