"""A report for the terminal: one line a check, then the evidence of what failed, then what to do next.

Everything in a report may have been written by a solution, so nothing is read as markup and all of it goes through
`plain`. Lines are cut or wrapped here, by cells, and never by the terminal.
"""

from __future__ import annotations

from rich.cells import cell_len, set_cell_size
from rich.console import Console

from judge.report import CheckResult, Diagnosis, Report
from judge.report.curves import sparkline
from judge.report.evidence import MESSAGE_LINES, explain
from judge.report.page import Page, Piece, joined
from judge.report.telling import (
    basis,
    counts,
    devices_of,
    diagnosis_heading,
    headline,
    is_failing,
    is_simulated,
    next_step,
    number_of,
    points_text,
    ranked,
    remarks,
    row_text,
)
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
    page.footer(None if handed_out else next_step(report, language, next_hint))
    page.print()


class _ReportPage(Page):
    """The parts of one report, from the top down."""

    def __init__(self, report: Report, console: Console, language: str) -> None:
        super().__init__(console, language)
        self.report = report
        self.simulated = False  # whether a row shows the simulated accelerator
        self.cut: set[str] = set()  # checks whose row does not show all that they look at
        self.checks = ranked(report.checks)
        self.failing = [check for check in self.checks if is_failing(check)]

    def headline(self) -> None:
        report = self.report
        score, state = headline(report, self.language)
        if report.verdict == "infra":
            style = "bold magenta"
        else:
            style = "bold" if report.untouched else "bold green" if report.accepted else "bold red"
        right = f"{score}   {state}" if score else state
        title = f"{number_of(report)} {plain(report.title)}"
        title = shorten(title, self.width - cell_len(right) - 2, self.marks.ellipsis)
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
        points = [points_text(check) for check in self.checks]
        points_width = max(len(text) for text in points)
        devices = [self._devices(check) for check in self.checks]
        devices_width = max(cell_len(joined(pieces)) for pieces in devices)
        for check, gained, pieces in zip(self.checks, points, devices, strict=True):
            mark, style = self.mark(check.verdict)
            kind = set_cell_size(plain(check.kind), kind_width)
            left = [(f" {mark} ", style), (f"{kind} {gained:>{points_width}}  ", ""), *pieces]
            left.append((" " * (devices_width - cell_len(joined(pieces)) + 2), ""))
            right = "  ".join(remarks(check, self.language))
            room = self.width - cell_len(joined(left)) - (cell_len(right) + 2 if right else 0)
            said = shorten(row_text(check, self.language), max(room, 0), self.marks.ellipsis)
            if said != plain(check.sentence):
                self.cut.add(check.name)
            gap = self.gap(joined(left) + said, right) if right else ""
            self.line(*left, (said, ""), (gap, ""), (right, "dim"))
        if passed := counts(self.checks):
            self.line()
            self.line((" " + ", ".join(passed), "dim"))

    def _devices(self, check: CheckResult) -> list[Piece]:
        """ "cpu sim*", with a mark behind each device where they differ."""
        shown = devices_of(check)
        differ = len(set(shown.values())) > 1
        pieces: list[Piece] = []
        for device, verdict in shown.items():
            mark, style = self.mark(verdict)
            self.simulated |= is_simulated(device)
            name = plain(device, lines=1) + ("*" if is_simulated(device) else "")
            pieces += [(" " if pieces else "", ""), (f"{name} {mark}" if differ else name, style)]
        return pieces

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
        self.line()
        self.paragraph(diagnosis_heading(diagnosis, self.checks, self.language), style="bold yellow")
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
        parts = basis(report, self.language, with_seed=next_step is not None)
        for text in wrap(f" {self.marks.dot} ".join(parts), self.width):
            self.line((text, "dim"))
