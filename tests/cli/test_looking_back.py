"""judge history: what somebody did."""

import re
import subprocess
import sys
from datetime import datetime, timedelta

from msgspec.structs import replace

from judge.history import History
from judge.report import CheckResult
from judge.report.json import to_json
from tests.cli.conftest import bound_by_permissions
from tests.cli.test_history import report


def keep(problem: str, score: float, days_ago: float = 0, ratio: float | None = None) -> None:
    when = (datetime.now().astimezone() - timedelta(days=days_ago)).isoformat(timespec="seconds")
    said = f"{ratio or 0:.2f} times the reference's time (0.90 to 1.10), limit 5"
    timing = CheckResult("fast", "timing", "Time.", "passed", {"cpu": "passed"}, 10, 10, 0.1, message=said)
    checks = [timing] if ratio is not None else []
    one = replace(report(score, score == 100, problem), started_at=when, checks=checks)
    with History() as history:
        history.record(one, to_json(one))


def test_nothing_yet(judge):
    assert judge("history") == (0, "There are no attempts yet; judge tells how to start.\n", "")
    status, out, _ = judge("history", "25")
    assert (status, out) == (0, "25-self-attention has not been tried yet; judge attempt 25 starts it.\n")


def test_the_days_and_their_sum(judge):
    keep("25-self-attention", 40, days_ago=40)
    keep("25-self-attention", 100, days_ago=2)
    keep("26-resnet", 50, days_ago=2)
    keep("25-self-attention", 100)
    with History() as history:
        history.set_hints_shown("25-self-attention", 1)
    out = judge("history")[1]
    assert re.search(r"last 30 days +3 +2 +1 +0 +1\b", out)
    assert re.search(r"all +4 +3 +1 +0 +1\b", out)
    today = datetime.now().astimezone().date()
    rows = [line.split() for line in out.splitlines() if re.match(r"\d{4}-", line.strip())]
    assert rows == [
        [str(today), "1", "25"],
        [str(today - timedelta(days=2)), "2", "25", "26"],
        [str(today - timedelta(days=40)), "1", "25"],
    ]


def test_one_problem_with_scores_and_personal_bests(judge):
    with History() as history:
        history.note_start("25-self-attention", datetime.now().astimezone() - timedelta(minutes=34, days=1))
    keep("25-self-attention", 62.5, days_ago=1.01, ratio=0.5)  # fast, but wrong
    keep("25-self-attention", 100, days_ago=1, ratio=1.31)
    keep("25-self-attention", 100, ratio=2.5)
    out = judge("history", "25")[1]
    assert re.search(r"✗ \d{4}-\d\d-\d\d \d\d:\d\d +62.5/100 +0.50 times the reference's time", out)
    assert re.search(r"✓ \d{4}-\d\d-\d\d \d\d:\d\d +100/100 +1.31 times the reference's time", out)
    assert "Best score: 100/100" in out
    assert "From the stub to a solution: 34 min; planned 35 min" in out
    assert "Your fastest solution takes 1.31 times the reference's time" in out


def test_long_histories_are_cut(judge):
    for number in range(25):
        keep("25-self-attention", number)
    lines = judge("history", "25")[1].splitlines()
    assert sum("/100" in line for line in lines) == 21  # with the best score
    assert "and 5 earlier" in lines


def test_with_a_home_that_is_read_only_all_is_shown(pack, tmp_path):
    keep("25-self-attention", 62.5)
    folder = tmp_path / "data"
    (folder / "history.sqlite").chmod(0o444)
    folder.chmod(0o555)
    try:
        for command in (["history"], ["history", "25"], [], ["next"], ["list", "--state", "tried"], ["hint", "77"]):
            judge = [*bound_by_permissions(), sys.executable, "-m", "judge", *command]
            done = subprocess.run(judge, capture_output=True, text=True)
            assert (done.returncode, done.stderr.count("\n")) == (0, 1)
            assert done.stderr.startswith("judge: attempts are not kept: ")
            assert ("Multiply" if command == ["hint", "77"] else "25") in done.stdout
    finally:
        folder.chmod(0o755)
