"""`%load_ext judge.notebook` for Jupyter and IPython: a cell that begins with `%%judge 25` is judged, not run."""

from __future__ import annotations

import atexit
import io

from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell
from IPython.core.magic import Magics, cell_magic, magics_class
from IPython.display import display
from rich.console import Console

from judge.devices import resolve
from judge.finding import UnknownProblem
from judge.grading import Infrastructure, Judge, Solution, installation_secret
from judge.history import History, cache_folder, data_folder
from judge.language import current
from judge.practice.desk import PRACTICE_SEED
from judge.problems import BrokenProblem, NotReleased, Problem, packs
from judge.report import Report

WIDTH = 100  # of a report where only text can be shown


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Called by `%load_ext`."""
    shell.register_magics(Judging)


@magics_class
class Judging(Magics):
    """The magic; its judge starts with the first cell and stays warm."""

    def __init__(self, shell: InteractiveShell) -> None:
        super().__init__(shell)
        self._judge: Judge | None = None
        atexit.register(self._close)

    @cell_magic
    def judge(self, line: str, cell: str) -> None:
        """Judges the cell's code: `%%judge 25`. What it defines stays unknown to the notebook."""
        name = line.strip()
        if not name:
            raise UsageError("%%judge names a problem: its number, its name or a part of it, as in %%judge 25")
        try:
            problem = packs().find(name)
            report = self._warm().judge(problem, Solution.from_text(cell, "the cell"), skip_costly=True)
        except (UnknownProblem, BrokenProblem, NotReleased, Infrastructure) as error:
            raise UsageError(str(error)) from None
        _keep(report)
        show(report, problem, cell)

    def _warm(self) -> Judge:
        if self._judge is None:
            secret, cache = installation_secret(data_folder()), cache_folder()
            judge = Judge(devices=resolve(["auto"]), seed=PRACTICE_SEED, secret=secret, cache=cache)
            self._judge = judge.__enter__()
        return self._judge

    def _close(self) -> None:
        if self._judge is not None:
            self._judge.__exit__()


def _keep(report: Report) -> None:
    """Remembers the attempt, unless it is the judge that failed."""
    from judge.report.json import to_json

    if "infra" in (report.verdict, *(check.verdict for check in report.checks)):
        return
    with History() as history:
        history.record(report, to_json(report))
        if history.trouble:
            print(f"judge: {history.trouble}")


def show(report: Report, problem: Problem, source: str) -> None:
    """Displays a report: as HTML in a notebook, as text in a terminal."""
    from judge.report.html import embedded, fragment
    from judge.report.localised import localised
    from judge.report.terminal import render

    told = localised(report, problem, current())
    text = io.StringIO()
    render(told, Console(file=text, width=WIDTH, highlight=False, force_jupyter=False), language=current())
    page = embedded(fragment(told, source, language=current()))
    display({"text/html": str(page), "text/plain": text.getvalue()}, raw=True)
