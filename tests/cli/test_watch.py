"""judge attempt --watch: the loop of editing."""

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from judge.history import History

RIGHT = "def double(x):\n    return 2 * x\n"
WRONG = "def double(x):\n    return 3 * x\n"
SLEEPER = """
import threading
import time

def double(x):
    for _ in range(9):
        threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
    time.sleep(60)
"""
PATIENCE = 120.0  # seconds; only a broken program takes so long
RULE = re.compile(r"^(?:──|--) \d\d:\d\d:\d\d.*", re.MULTILINE)


class Watched:
    """A running `judge attempt ... --watch`, and all that it has printed."""

    def __init__(self, process: subprocess.Popen[bytes], output: int) -> None:
        self.process = process
        self.output = output
        self.printed = ""

    def until(self, done: Callable[[], bool]) -> None:
        """Reads what it prints until `done`."""
        deadline = time.monotonic() + PATIENCE
        while not done():
            assert time.monotonic() < deadline, self.printed
            if select.select([self.output], [], [], 0.05)[0]:
                try:
                    self.printed += os.read(self.output, 1 << 16).decode()
                except OSError:  # a terminal whose program has ended
                    return

    def says(self, text: str, times: int = 1) -> None:
        """Waits until it has printed that."""
        self.until(lambda: self.printed.count(text) >= times)

    def quiet(self) -> None:
        """Waits long enough for a report to come, if one was to come."""
        until = time.monotonic() + 2
        self.until(lambda: time.monotonic() > until)

    @property
    def rules(self) -> list[str]:
        return RULE.findall(self.printed)

    def ctrl_c(self) -> int:
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(PATIENCE)

    def many_threads(self) -> list[psutil.Process]:
        """The processes below it that have as many threads as the sleeper starts."""
        found = []
        for process in psutil.Process(self.process.pid).children(recursive=True):
            try:
                if process.num_threads() > 9:
                    found.append(process)
            except psutil.Error:
                continue
        return found


@pytest.fixture
def watched(pack: Path, desk: Path) -> Iterator[Callable[..., Watched]]:
    """watched("77", terminal=True) runs `judge attempt 77 --watch` with its output on a pipe or on a terminal."""
    running: list[Watched] = []

    def start(*arguments: str, terminal: bool = False, stdin: int | None = subprocess.DEVNULL) -> Watched:
        reading, writing = pty.openpty() if terminal else os.pipe()
        process = subprocess.Popen(
            [sys.executable, "-m", "judge", "attempt", *arguments, "--watch"],
            stdin=stdin, stdout=writing, stderr=writing, preexec_fn=None if stdin else lambda: os.close(0),
        )  # fmt: skip
        os.close(writing)
        running.append(Watched(process, reading))
        return running[-1]

    yield start
    for one in running:
        one.process.kill()
        one.process.wait()
        os.close(one.output)


def test_every_save_is_judged_once_however_an_editor_saves(watched, pack, desk):
    file = desk / "solutions/mypack/77-double.py"
    watch = watched("77")
    watch.says("it is judged whenever you save it")
    assert file.read_text() == (pack / "problems/77-double/stub.py").read_text()

    file.write_text(WRONG)
    watch.says("Next: judge hint")
    assert "not accepted" in watch.printed
    assert "You triple." in watch.printed

    (desk / "new").write_text(RIGHT)
    os.replace(desk / "new", file)  # many editors
    watch.says("Every check passed.")
    assert watch.rules[-1].split(" · ")[1].startswith("40 → 100 ")  # what has become of the score

    backup = file.with_suffix(".py~")  # vim
    file.rename(backup)
    file.write_text(f"# vim\n{RIGHT}")
    backup.unlink()
    watch.says("Every check passed.", 2)

    file.write_text("")  # in two steps
    time.sleep(0.1)
    file.write_text(f"# two\n{RIGHT}")
    watch.says("Every check passed.", 3)

    file.write_text(f"# two\n{RIGHT}")  # nothing has changed
    watch.quiet()
    assert len(watch.rules) == 4
    assert "is gone" not in watch.printed
    assert "\x1b" not in watch.printed
    assert "\r" not in watch.printed
    assert watch.ctrl_c() == 0
    with History() as history:
        assert [one.score for one in history.attempts()] == [40.0, 100.0, 100.0, 100.0]


def test_a_save_while_something_is_judged_starts_again(watched, desk):
    (desk / "mine.py").write_text(SLEEPER)
    watch = watched("77", "mine.py")
    watch.until(lambda: bool(watch.many_threads()))
    (desk / "mine.py").write_text(WRONG)
    watch.says("not accepted")
    assert watch.many_threads() == []
    assert len(watch.rules) == 1
    assert watch.ctrl_c() == 1  # of the last report


def test_ctrl_c_while_the_first_is_judged_is_an_interruption(watched, desk):
    (desk / "mine.py").write_text(SLEEPER)
    watch = watched("77", "mine.py")
    watch.until(lambda: bool(watch.many_threads()))
    assert watch.ctrl_c() == 130
    watch.says("judge: interrupted\n")
    assert watch.rules == []


def test_a_file_that_goes_away_is_waited_for(watched, desk):
    (desk / "my").mkdir()
    (desk / "my/mine.py").write_text(RIGHT)
    watch = watched("77", "my/mine.py", stdin=None)  # stdin is closed
    watch.says("Every check passed.")
    (desk / "my").rename(desk / "other")
    watch.says("my/mine.py is gone; waiting until it is back\n")
    (desk / "my").mkdir()
    (desk / "my/mine.py").write_text(RIGHT)
    watch.says("Every check passed.", 2)
    (desk / "my/mine.py").write_text(WRONG)
    watch.says("not accepted")
    assert watch.ctrl_c() == 1


def test_a_terminal_keeps_what_was_printed(watched, desk):
    (desk / "mine.py").write_text(WRONG)
    watch = watched("77", "mine.py", terminal=True)
    watch.says("Ctrl-C ends")
    (desk / "mine.py").write_text(RIGHT)
    watch.says("Ctrl-C ends", 2)
    for forbidden in ("\x1b[2J", "\x1b[3J", "\x1b[H", "\x1b[?1049h", "\x1bc"):  # clears, goes home, another screen
        assert forbidden not in watch.printed
    assert watch.printed.index("not accepted") < watch.printed.index("Every check passed.")
    assert watch.ctrl_c() == 0
    watch.until(lambda: not select.select([watch.output], [], [], 0)[0])
    assert watch.printed.count("\x1b[?25h") >= watch.printed.count("\x1b[?25l")  # the cursor is back


def test_what_failed_comes_first_and_each_report_is_one_line_for_a_program(watched, desk):
    (desk / "mine.py").write_text(WRONG)
    watch = watched("77", "mine.py", "--json", "--fail-fast")
    watch.says("\n")
    (desk / "mine.py").write_text(f"# still wrong\n{WRONG}")
    watch.says("\n", 2)
    (desk / "mine.py").write_text(RIGHT)
    watch.says("\n", 3)
    reports = [json.loads(line)["checks"] for line in watch.printed.splitlines()]
    verdicts = [["passed", "wrong"], ["skipped", "wrong"], ["passed", "passed"]]
    assert [[check["verdict"] for check in checks] for checks in reports] == verdicts
