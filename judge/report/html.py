"""A report as HTML: a piece for other pages and notebooks, or a whole page that needs no network.

It says what the terminal says (judge.report.terminal). Everything in a report may have been written by a solution: it
goes through `plain` and Jinja's escaping, and a page's own style is the only thing its security policy lets in.
"""

from __future__ import annotations

import base64
import hashlib
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import jinja2
from markupsafe import Markup, escape

from judge.language import translated
from judge.report import CheckResult, Diagnosis, Report
from judge.report.page import NEUTRAL
from judge.report.telling import other_cases, score_text
from judge.report.text import plain
from judge.report.words import UNICODE, word

MOST_POINTS = 200  # of a drawn curve
WIDTH, HEIGHT = 520, 150  # of a drawing, in its own units
LEFT, BOTTOM = 52, 18  # room for its numbers
MESSAGE_LINES, PRINTED_LINES, VALUE_LINES = 12, 40, 8
_LINE = re.compile(r"line (\d+)")


def fragment(
    report: Report,
    source: str | None = None,
    *,
    language: str = "en",
    handed_out: bool = False,
    next_step: str | None = None,
    anchor: str = "",
) -> Markup:
    """The report as a `<section>`, which the styles of `style` belong to.

    source: what was handed in, shown with the failing lines marked. handed_out: for a student after grading, so without
    the class's secret seed. next_step: what to try now.
    """
    shown = _Shown(report, language, handed_out, next_step)
    words = {name: word(name, language) for name in ("yours", "reference", "printed")}
    words["source"] = translated("What was handed in", language)
    lines = _source(source, _failing_lines(report)) if source else []
    template = environment().get_template("report.html.jinja")
    return Markup(template.render(r=shown, words=words, source=lines, anchor=anchor or plain(report.problem)))


def page(
    content: Markup, title: str, *, language: str = "en", style: str | None = None, script: str | None = None
) -> str:
    """A whole page around some content: with no network, and nothing that is not its own."""
    styles, scripts = style if style is not None else default_style(), script or ""
    return (
        environment()
        .get_template("page.html.jinja")
        .render(
            content=content,
            title=plain(title),
            language=language,
            style=Markup(styles),
            style_hash=Markup(_allowed(styles)),
            script=Markup(scripts),
            script_hash=Markup(_allowed(scripts)),
        )
    )


def embedded(content: Markup) -> Markup:
    """Some content with its style, for a page of somebody else, such as a notebook: nothing else there changes."""
    style = re.sub(r"^( *):root|^( *)body(?= )", r"\1\2.judge", default_style(), flags=re.MULTILINE)
    room = ".judge { padding: 0.6rem 1rem 1rem; border-radius: 8px; }"
    return Markup(f'<style>{style}{room}</style><div class="judge">{content}</div>')


@lru_cache(maxsize=1)
def default_style() -> str:
    """The style sheet of reports, with the colours of code in light and dark."""
    source, _, _ = _loader().get_source(jinja2.Environment(), "report.css")
    from pygments.formatters import HtmlFormatter

    light, dark = (
        "\n".join(
            line
            for line in HtmlFormatter(style=name).get_style_defs(".judge .source").split("\n")
            if ".judge .source ." in line and "linenos" not in line
        )
        for name in ("friendly", "github-dark")
    )
    return f"{source}{light}\n@media (prefers-color-scheme: dark) {{\n{dark}\n}}\n"


@lru_cache(maxsize=1)
def environment() -> jinja2.Environment:
    """Where templates are found; what they are given is escaped."""
    return jinja2.Environment(
        loader=_loader(), autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
    )


@lru_cache(maxsize=1)
def _loader() -> jinja2.PackageLoader:
    return jinja2.PackageLoader("judge.report")


def _allowed(text: str) -> str:
    """What a security policy says of the one inline text that it lets in."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


# ------------------------------------------------------------------------------------------------------- the report


class _Shown:
    """The words of one report."""

    def __init__(self, report: Report, language: str, handed_out: bool, next_step: str | None) -> None:
        self._report = report
        self._language = language
        number = report.problem.split("-")[0]
        self.number = str(int(number)) if number.isascii() and number.isdecimal() else plain(report.problem)
        self.title = plain(report.title)
        rows = sorted(report.checks, key=lambda check: _rank(check.verdict))
        failing = {check.name for check in rows if check.verdict not in ("passed", *NEUTRAL)}
        self.score = "" if report.verdict == "infra" else f"{score_text(report.score)}/100"
        self.checks = [] if report.untouched or report.message else [_Row(check, language) for check in rows]
        self.diagnoses = [self._diagnosis(one, failing) for one in report.diagnosis] if self.checks else []
        self.next = self._word("next", step=next_step) if next_step else ""
        parts = [] if handed_out else [self._word("seed", seed=report.seed)]
        torch_version = ".".join(report.torch_version.split("+")[0].split(".")[:2])
        level = report.isolation[0] if report.isolation else "?"
        parts += [f"torch {torch_version}", self._word("isolation", level=level), f"judge {report.judge_version}"]
        self.basis = plain(" · ".join([*parts, f"{report.seconds:.1f}s"]), lines=1)

    def _word(self, key: str, **values: object) -> str:
        return word(key, self._language, **values)

    @property
    def state(self) -> str:
        report = self._report
        if report.verdict == "infra":
            return self._word("not judged yet")
        if report.untouched:
            return self._word("nothing written yet")
        return self._word("accepted" if report.accepted else "not accepted")

    @property
    def state_class(self) -> str:
        return "odd" if self._report.verdict == "infra" else "good" if self._report.accepted else "bad"

    @property
    def paragraphs(self) -> list[str]:
        report = self._report
        if report.untouched:
            return [self._word("stub")]
        lines = [plain(report.message, lines=MESSAGE_LINES)] if report.message else []
        if report.message and report.location and report.location not in report.message:
            lines.append(plain(report.location, lines=1))
        return lines

    def _diagnosis(self, one: Diagnosis, failing: set[str]) -> dict[str, str]:
        count = len(one.checks)
        if failing - set(one.checks) or not count:
            where = self._word("some checks", names=", ".join(map(plain, one.checks)))
        else:
            where = self._word({1: "that check", 2: "both checks"}.get(count, "all checks"), count=count)
        heading = self._word("known mistake" if one.certain else "similar mistake", where=where)
        return {"heading": heading, "text": plain(one.text, lines=MESSAGE_LINES)}


class _Row:
    """The words of one check."""

    def __init__(self, check: CheckResult, language: str) -> None:
        self.failed = check.verdict not in ("passed", *NEUTRAL)
        self.verdict = word(check.verdict, language) if check.verdict not in ("passed", "wrong") else check.verdict
        self.mark, self.mark_class = _mark(check.verdict)
        self.kind, self.name = plain(check.kind), plain(check.name)
        self.points = f"{score_text(check.points)}/{score_text(check.max_points)}"
        neutral = word("not run" if check.verdict == "skipped" else "not judged", language)
        passed = check.message if check.verdict == "passed" and check.message else check.sentence
        self.said = plain((check.message or neutral) if check.verdict in NEUTRAL else passed)
        known = check.verdict not in ("passed", "wrong", *NEUTRAL)
        seconds = f"{check.seconds:.1f}s" if check.seconds >= 0.05 else ""
        self.remark = " ".join(filter(None, [self.verdict if known else "", seconds]))
        shown = {name: one for name, one in check.devices.items() if one != "skipped"} or check.devices
        self.devices = ", ".join(f"{plain(name, lines=1)} {_mark(one)[0]}" for name, one in shown.items())
        self.cases = [
            {"name": plain(case.name), "mark": _mark(case.verdict)[0], "mark_class": _mark(case.verdict)[1]}
            for case in check.cases or []
        ]
        example = plain(check.example, lines=2) if check.example else ""
        self.example = word("smallest", language, example=example) if example and self.failed else ""
        self.message = plain(check.message, lines=MESSAGE_LINES) if check.message and self.failed else ""
        self.facts = list(_facts(check, language)) if self.failed else []
        self.others = list(other_cases(check)) if self.failed else []
        self.curve = _drawing(check.curve, check.reference_curve) if check.curve else ""
        self.has_reference = bool(check.reference_curve)
        self.printed = plain((check.stdout or "").strip(), lines=PRINTED_LINES) if self.failed else ""


def _facts(check: CheckResult, language: str) -> Any:
    if check.index:
        yield translated("where", language), plain(check.index, lines=1)
    for key, value in (("expected", check.expected), ("got", check.got)):
        if value is not None:
            yield word(key, language), plain(value, lines=VALUE_LINES)
    limits = [word("off by", language, error=f"{check.error:.2g}")] if check.error is not None else []
    limits += [word("allowed", language, allowed=f"{check.allowed:.1g}")] if check.allowed is not None else []
    if limits:
        yield translated("error", language), ", ".join(limits)
    if check.location:
        yield translated("your line", language), plain(check.location, lines=1)


def _mark(verdict: str) -> tuple[str, str]:
    if verdict == "passed":
        return UNICODE.passed, "good"
    if verdict in NEUTRAL:
        return UNICODE.neutral, "soft"
    return (UNICODE.infra, "odd") if verdict == "infra" else (UNICODE.failed, "bad")


def _rank(verdict: str) -> int:
    return 2 if verdict == "passed" else 1 if verdict in NEUTRAL else 0


# --------------------------------------------------------------------------------------------------------- the source


@dataclass(frozen=True)
class _Line:
    code: Markup
    failing: bool


def _failing_lines(report: Report) -> set[int]:
    """The lines of the solution that a failure names."""
    places = [report.location, report.message if report.location is None else None]
    places += [check.location for check in report.checks]
    return {int(found[1][:9]) for place in places if place and (found := _LINE.match(place))}


def _source(source: str, failing: set[int]) -> list[_Line]:
    """The lines of a solution in colour."""
    from pygments import highlight
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import PythonLexer

    text = plain(source, longest=None)
    coloured = highlight(text, PythonLexer(stripnl=False, ensurenl=False), HtmlFormatter(nowrap=True)).split("\n")
    if len(coloured) != len(text.split("\n")):  # whatever the lexer made of it, the numbers must be right
        coloured = [str(escape(line)) for line in text.split("\n")]
    while coloured and not coloured[-1].strip():
        coloured.pop()
    return [_Line(Markup(line), number in failing) for number, line in enumerate(coloured, 1)]


# --------------------------------------------------------------------------------------------------------- the curves


def _drawing(mine: Sequence[float | None], theirs: Sequence[float | None] | None) -> Markup:
    """Learning curves as a picture; a value that is not finite leaves a gap."""
    curves = [curve for curve in (mine, theirs) if curve]
    known = [value for curve in curves for value in curve if value is not None and math.isfinite(value)]
    if not known:
        return Markup("")
    low, high = min(known), max(known)
    longest = max(len(curve) for curve in curves)
    spread = high - low if 0 < high - low < math.inf else 1.0

    def place(index: int, value: float) -> str:
        x = LEFT + (WIDTH - LEFT - 6) * index / max(longest - 1, 1)
        return f"{x:.1f},{8 + (HEIGHT - BOTTOM - 12) * (1 - (value - low) / spread):.1f}"

    paths = []
    for name, curve in (("theirs", theirs), ("mine", mine)):
        step = max(len(curve or ()) // MOST_POINTS, 1)
        parts: list[list[str]] = [[]]
        for index in range(0, len(curve or ()), step):
            value = (curve or ())[index]
            if value is None or not math.isfinite(value):
                parts.append([])
            else:
                parts[-1].append(place(index, value))
        paths += [f'<polyline class="{name}" points="{" ".join(part)}"/>' for part in parts if part]
    base = HEIGHT - BOTTOM
    return Markup(
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{mine[0]!s:.9} - {mine[-1]!s:.9}">'
        f'<path class="axis" d="M{LEFT} 4V{base}H{WIDTH - 4}"/>'
        f'<text x="{LEFT - 6}" y="14" text-anchor="end">{high:.3g}</text>'
        f'<text x="{LEFT - 6}" y="{base}" text-anchor="end">{low:.3g}</text>'
        f'<text x="{WIDTH - 4}" y="{HEIGHT - 4}" text-anchor="end">{longest}</text>{"".join(paths)}</svg>'
    )
