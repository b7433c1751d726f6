"""A report for the terminal: one line a check, then the evidence of what failed, then what to do next.

Everything in a report may have been written by a solution, so nothing is read as markup and all of it goes through
`plain`. Lines are cut or wrapped here, by cells, and never by the terminal.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from rich.cells import cell_len, set_cell_size
from rich.console import Console

from judge.report import CheckResult, Diagnosis, Report
from judge.report.curves import sparkline
from judge.report.evidence import MESSAGE_LINES, explain
from judge.report.page import NEUTRAL, Page, Piece, joined
from judge.report.text import plain, shorten, wrap
from judge.report.words import located


def render(
    report: Report, console: Console, *, language: str = "en", next_hint: int = 1, handed_out: bool = False
) -> None:
    """Prints a report.

    language: of the report's own words, "en" or "zh". next_hint: the number of the first hint that was not yet asked
    for. handed_out: for a student after grading, so without the class's secret seed and without the next step.
    """
    page = _ReportPage(report, console, language)
    page.headline()
    if report.untouched:
        page.paragraph(page.word("stub"))
        if not handed_out:
            page.paragraph(page.word("write", file=plain(report.file or f"solutions/{report.problem}.py", lines=1)))
    elif report.message:
        page.could_not_be_judged(report.message)
    elif report.checks:
        page.rows()
        explain(page.failing, page, page.cut, shrunk=not report.released)
        page.curves()
        for diagnosis in report.diagnosis:
            page.diagnosis(diagnosis)
    page.footer(None if handed_out else page.next_step(next_hint))
    page.print()


def score_text(score: float) -> str:
    """A score without needless decimals, never rounded up to a full one."""
    return f"{math.floor(score * 10 + 1e-6) / 10:g}"


class _ReportPage(Page):
    """The parts of one report, from the top down."""

    def __init__(self, report: Report, console: Console, language: str) -> None:
        super().__init__(console, language)
        self.report = report
        self.simulated = False  # whether a row shows the simulated accelerator
        self.cut: set[str] = set()  # checks whose row does not show all that they look at
        number = report.problem.split("-")[0]
        self.number = str(int(number)) if number.isascii() and number.isdecimal() else plain(report.problem)
        self.checks = sorted(report.checks, key=lambda check: _rank(check.verdict))
        self.failing = [check for check in self.checks if check.verdict not in ("passed", *NEUTRAL)]

    def headline(self) -> None:
        report = self.report
        if report.verdict == "infra":
            score, state, style = "", self.word("not judged yet"), "bold magenta"
        elif report.untouched:
            score, state, style = f"{score_text(report.score)}/100", self.word("nothing written yet"), "bold"
        else:
            score = f"{score_text(report.score)}/100"
            state = self.word("accepted" if report.accepted else "not accepted")
            style = "bold green" if report.accepted else "bold red"
        right = f"{score}   {state}" if score else state
        title = shorten(f"{self.number} {plain(report.title)}", self.width - cell_len(right) - 2, self.marks.ellipsis)
        self.line((title, "bold"), (self.gap(title, right), ""), (right, style))
        self.line()

    def could_not_be_judged(self, message: str) -> None:
        mark, style = self.mark(self.report.verdict)
        first, *rest = plain(message, lines=MESSAGE_LINES).split("\n")
        for number, text in enumerate(wrap(first, self.width - 3)):
            self.line((f" {mark} " if number == 0 else "   ", style), (text, ""))
        for text in rest:
            self.paragraph(text, indent=3)
        if self.report.location and self.report.location not in message:
            self.paragraph(located(plain(self.report.location, lines=1), self.language), indent=3, style="cyan")

    def rows(self) -> None:
        """One line a check: mark, kind, points, devices, what it looks at, and time where it took any."""
        kind_width = max(cell_len(plain(check.kind)) for check in self.checks)
        points = [f"{score_text(check.points)}/{score_text(check.max_points)}" for check in self.checks]
        points_width = max(len(text) for text in points)
        devices = [self._devices(check) for check in self.checks]
        devices_width = max(cell_len(joined(pieces)) for pieces in devices)
        for check, gained, pieces in zip(self.checks, points, devices, strict=True):
            mark, style = self.mark(check.verdict)
            kind = set_cell_size(plain(check.kind), kind_width)
            left = [(f" {mark} ", style), (f"{kind} {gained:>{points_width}}  ", ""), *pieces]
            left.append((" " * (devices_width - cell_len(joined(pieces)) + 2), ""))
            right = self._remark(check)
            room = self.width - cell_len(joined(left)) - (cell_len(right) + 2 if right else 0)
            said = shorten(plain(self._said(check)), max(room, 0), self.marks.ellipsis)
            if said != plain(check.sentence):
                self.cut.add(check.name)
            gap = self.gap(joined(left) + said, right) if right else ""
            self.line(*left, (said, ""), (gap, ""), (right, "dim"))
        if any(check.tag == "edge" for check in self.checks):
            self.line()
            self.line((" " + ", ".join(self._counts()), "dim"))

    def _devices(self, check: CheckResult) -> list[Piece]:
        """ "cpu sim*", with a mark behind each device where they differ."""
        # Where a check failed on one device it is not run on the next.
        shown = {device: verdict for device, verdict in check.devices.items() if verdict != "skipped"} or check.devices
        differ = len(set(shown.values())) > 1
        pieces: list[Piece] = []
        for device, verdict in shown.items():
            mark, style = self.mark(verdict)
            simulated = device.split(":")[0] == "sim"
            self.simulated |= simulated
            name = plain(device, lines=1) + ("*" if simulated else "")
            pieces += [(" " if pieces else "", ""), (f"{name} {mark}" if differ else name, style)]
        return pieces

    def _said(self, check: CheckResult) -> str:
        if check.verdict in NEUTRAL:
            return check.message or self.word("not run" if check.verdict == "skipped" else "not judged")
        return check.message if check.verdict == "passed" and check.message else check.sentence

    def _remark(self, check: CheckResult) -> str:
        known = check.verdict not in ("passed", "wrong", *NEUTRAL)
        verdict = [self.word(check.verdict)] if known else []
        return "  ".join([*verdict, *([f"{check.seconds:.1f}s"] if check.seconds >= 0.05 else [])])

    def _counts(self) -> Iterable[str]:
        judged = [check for check in self.checks if check.verdict != "not judged"]
        for tag in dict.fromkeys(check.tag for check in sorted(judged, key=lambda check: check.tag != "core")):
            passed = sum(check.verdict == "passed" for check in judged if check.tag == tag)
            yield f"{plain(tag)} {passed}/{sum(check.tag == tag for check in judged)}"

    def curves(self) -> None:
        """Both learning curves of each check that has them, on one scale."""
        for check in self.checks:
            named = [("yours", check.curve), ("reference", check.reference_curve)]
            drawn = [(self.word(name), curve) for name, curve in named if curve]
            if not check.curve:
                continue
            self.line()
            self.paragraph(self.word("curve") + plain(check.name), style="bold")
            label = max(cell_len(name) for name, _ in drawn)
            all_curves = [curve for _, curve in drawn]
            for name, curve in drawn:
                blocks = sparkline(curve, all_curves, self.marks.blocks, cells=min(40, self.width - label - 26))
                ends = f"{curve[0]:.3g} {self.marks.arrow} {curve[-1]:.3g}"
                self.line((f"  {set_cell_size(name, label)}  {blocks}  {ends}", ""))

    def diagnosis(self, diagnosis: Diagnosis) -> None:
        """The known mistake that a solution's numbers equal, or one that fails with the same words."""
        count = len(diagnosis.checks)
        if {check.name for check in self.failing} - set(diagnosis.checks) or not count:
            where = self.word("some checks", names=", ".join(plain(name) for name in diagnosis.checks))
        else:
            where = self.word({1: "that check", 2: "both checks"}.get(count, "all checks"), count=count)
        self.line()
        heading = "known mistake" if diagnosis.certain else "similar mistake"
        self.paragraph(self.word(heading, where=where), style="bold yellow")
        self.paragraph(plain(diagnosis.text, lines=MESSAGE_LINES), indent=2)

    def footer(self, next_step: str | None) -> None:
        """What to do next, and what the result rests on; without a next step the seed is a secret too."""
        report = self.report
        self.line()
        if report.accepted:
            self.paragraph(self.word("all passed"))
        if next_step is not None:
            self.paragraph(self.word("next", step=next_step), style="bold")
        if self.simulated:
            self.line((f"* {self.word('simulated')}", "dim"))
        torch_version = ".".join(report.torch_version.split("+")[0].split(".")[:2])
        basis = [
            *([self.word("seed", seed=report.seed)] if next_step is not None else []),
            f"torch {torch_version}",
            self.word("isolation", level=report.isolation[0] if report.isolation else "?"),
            f"judge {report.judge_version}",
            f"{report.seconds:.1f}s",
        ]
        for text in wrap(f" {self.marks.dot} ".join(plain(part, lines=1) for part in basis), self.width):
            self.line((text, "dim"))

    def next_step(self, next_hint: int) -> str:
        """The command to try next, by what came out."""
        report = self.report
        if report.verdict == "infra":
            return self.word("doctor")
        if report.untouched:
            return self.word("attempt", problem=self.number)
        if report.accepted:
            return self.word("list") if report.released else self.word("reveal", problem=self.number)
        if report.message or not self.failing:
            return self.word("again", problem=self.number)
        if next_hint <= report.hints:
            return self.word("hint", problem=self.number, hint=next_hint, count=report.hints)
        return self.word("only", problem=self.number, check=plain(self.failing[0].name))


def _rank(verdict: str) -> int:
    return 2 if verdict == "passed" else 1 if verdict in NEUTRAL else 0
