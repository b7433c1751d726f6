"""Why a check failed: the smallest failing input, what was expected and what came, the line, what it printed."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence

from rich.cells import cell_len
from rich.console import Console

from judge.report import CheckResult
from judge.report.page import NEUTRAL, Page, Piece, joined
from judge.report.text import plain, shorten, wrap
from judge.report.words import located

MESSAGE_LINES = 12
PRINTED_LINES = 8
VALUE_LINES = 4
MORE_CASES = 4


def explain(failing: Sequence[CheckResult], page: Page, cut: set[str], *, shrunk: bool = True) -> None:
    """One block a check; those that failed for the same reason share the block of the first.

    cut: names of the checks whose row does not show all that they look at. shrunk: whether a failing input is the
    smallest that was found.
    """
    blocks: dict[tuple[object, ...], list[CheckResult]] = {}
    for check in failing:
        verdicts = tuple(item for item in check.devices.items() if item[1] != "skipped")
        reason = (check.verdict, check.message, check.location, check.expected, check.got, verdicts)
        # Without a line of the solution the same words may well have two reasons.
        blocks.setdefault(reason if check.message and check.location else (check.name,), []).append(check)
    printed: str | None = None
    for checks in blocks.values():
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
    message = f"{_where(check, page)} {plain(check.message or '', lines=MESSAGE_LINES)}".strip()
    if message:
        page.paragraph(message, indent=2)
    _difference(check, page)
    if check.location:
        location = located(plain(check.location, lines=1), page.language)
        page.line((f"  {shorten(location, page.width - 2, page.marks.ellipsis)}", "cyan"))


def _where(check: CheckResult, page: Page) -> str:
    """What to say first when it fails on some devices and works on others."""
    good = [name for name, verdict in check.devices.items() if verdict == "passed"]
    bad = [name for name, verdict in check.devices.items() if verdict not in ("passed", *NEUTRAL)]
    if not good or not bad:
        return ""
    if good == ["cpu"]:
        return page.word("elsewhere")
    return page.word("devices differ", good=", ".join(map(plain, good)), bad=", ".join(map(plain, bad)))


def _difference(check: CheckResult, page: Page) -> None:
    """Where the first difference is, what was expected and what came, and how large the largest difference is."""
    if check.expected is None and check.got is None and check.error is None:
        return  # the message has said it all
    parts = [plain(check.index, lines=1)] if check.index else []
    for key, value in (("expected", check.expected), ("got", check.got)):
        if value is not None:
            parts.append(f"{page.word(key)} {plain(value, lines=VALUE_LINES)}")
    limits = [page.word("off by", error=f"{check.error:.2g}")] if check.error is not None else []
    limits += [page.word("allowed", allowed=f"{check.allowed:.1g}")] if check.allowed is not None else []
    parts += [", ".join(limits)] if limits else []
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


def other_cases(check: CheckResult) -> Iterator[str]:
    """A line for each failing case that says something else, in more than a number, than what was said before."""
    said = {_number_free(_first_line(check.message, case.name)) for case in check.cases or []}
    shown = 0
    for case in check.cases or []:
        first = _first_line(case.message, case.name)
        if first and _number_free(first) not in said and shown < MORE_CASES:
            said.add(_number_free(first))
            shown += 1
            yield f"{plain(case.name)}: {first}"


def _first_line(message: str | None, case: str) -> str:
    """The first line of a message, without the case's name, or the path that begins with it: "plain[0].weight: "."""
    first = plain(message or "", lines=1).split("\n")[0]
    name = re.escape(plain(case))
    path, colon, said = first.partition(": " if ": " in first else "：")
    return said if colon and re.match(rf"{name}(?=[.\[]|$)", path) else re.sub(rf"^{name}(\.|, )", "", first)


def _number_free(text: str) -> str:
    return re.sub(r"\d+", "#", text)


def _printed(text: str, page: Page) -> None:
    page.paragraph(page.word("printed"), indent=2)
    for line in plain(text, lines=PRINTED_LINES).split("\n"):
        for part in wrap(line, page.width - 6) or [""]:
            page.line((f"    {page.marks.bar} ", "dim"), (part, ""))
