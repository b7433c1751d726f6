"""Why a check failed: the smallest failing input, what was expected and what came, the line, what it printed."""

from __future__ import annotations

import io
from collections.abc import Sequence

from rich.cells import cell_len
from rich.console import Console

from judge.report import CheckResult
from judge.report.page import Page, Piece, joined
from judge.report.telling import alike, limits, other_cases, where_it_fails
from judge.report.text import plain, shorten, wrap
from judge.report.words import located

MESSAGE_LINES = 12
PRINTED_LINES = 8
VALUE_LINES = 4


def explain(failing: Sequence[CheckResult], page: Page, cut: set[str], *, shrunk: bool = True) -> None:
    """One block a check; those that failed for the same reason share the block of the first.

    cut: names of the checks whose row does not show all that they look at. shrunk: whether a failing input is the
    smallest that was found.
    """
    printed: str | None = None
    for checks in alike(failing):
        page.line()
        for check in checks:
            page.paragraph(f"{plain(check.kind)} {page.marks.dot} {plain(check.name)}", style="bold")
        if len(checks) == 1:
            if checks[0].name in cut:
                page.paragraph(plain(checks[0].sentence), indent=2)
            _cases(checks[0], page)
        _evidence(checks[0], page, "smallest" if shrunk else "drawn")
        if len(checks) == 1:
            _other_cases(checks[0], page)
        text = (checks[0].stdout or "").strip()
        if text and text != printed:
            _printed(text, page)
            printed = text


def evidence(check: CheckResult, width: int) -> str:
    """What the report says of a check that failed, as plain text."""
    console = Console(file=io.StringIO(), width=width)
    page = Page(console)
    explain([check], page, {check.name})
    page.print()
    return console.file.getvalue().strip()  # type: ignore[attr-defined]


def _cases(check: CheckResult, page: Page) -> None:
    """ "plain ✗  padded ✓", on as many lines as it takes."""
    row: list[Piece] = []
    for case in check.cases or []:
        mark, style = page.mark(case.verdict)
        name = shorten(plain(case.name), page.width - 6, page.marks.ellipsis)
        if row and cell_len(joined(row)) + cell_len(f"  {name} {mark}") > page.width:
            page.line(*row)
            row = []
        row += [(f"  {name} ", ""), (mark, style)]
    if row:
        page.line(*row)


def _evidence(check: CheckResult, page: Page, input_is: str) -> None:
    if check.example:
        page.paragraph(page.word(input_is, example=plain(check.example, lines=2)), indent=2)
    message = f"{where_it_fails(check, page.language)} {plain(check.message or '', lines=MESSAGE_LINES)}".strip()
    if message:
        page.paragraph(message, indent=2)
    _difference(check, page)
    if check.location:
        location = located(plain(check.location, lines=1), page.language)
        page.line((f"  {shorten(location, page.width - 2, page.marks.ellipsis)}", "cyan"))


def _difference(check: CheckResult, page: Page) -> None:
    """Where the first difference is, what was expected and what came, and how large the largest difference is."""
    if check.expected is None and check.got is None and check.error is None:
        return  # the message has said it all
    parts = [plain(check.index, lines=1)] if check.index else []
    for key, value in (("expected", check.expected), ("got", check.got)):
        if value is not None:
            parts.append(f"{page.word(key)} {plain(value, lines=VALUE_LINES)}")
    parts += [said] if (said := limits(check, page.language)) else []
    row = ""
    for part in parts:
        together = f"{row}  {part}" if row else part
        if row and ("\n" in together or cell_len(together) > page.width - 2):
            page.paragraph(row, indent=2)
            together = part
        row = together
    if row:
        page.paragraph(row, indent=2)


def _other_cases(check: CheckResult, page: Page) -> None:
    for text in other_cases(check):
        page.line((f"  {shorten(text, page.width - 2, page.marks.ellipsis)}", "dim"))


def _printed(text: str, page: Page) -> None:
    page.paragraph(page.word("printed"), indent=2)
    for line in plain(text, lines=PRINTED_LINES).split("\n"):
        for part in wrap(line, page.width - 6) or [""]:
            page.line((f"    {page.marks.bar} ", "dim"), (part, ""))
