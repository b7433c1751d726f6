"""judge alone, and judge next: how far somebody is and what to do next."""

import subprocess
import sys
from datetime import datetime, timedelta

from msgspec.structs import replace

from judge.history import History
from tests.cli.test_history import report


def keep(problem: str, score: float, days_ago: float = 0, code: str = "00") -> None:
    when = (datetime.now().astimezone() - timedelta(days=days_ago)).isoformat(timespec="seconds")
    one = replace(report(score, accepted=score == 100, problem=problem), started_at=when, sha256=code)
    with History() as history:
        history.record(one, "{}")


def test_a_new_user_is_told_the_one_command_to_type(judge):
    status, out, err = judge()
    assert (status, err) == (0, "")
    assert out.startswith("51 problems, 0 solved. Start (25 min): judge attempt 30\n")


def test_later_it_tells_how_far_one_is_by_topic(judge):
    keep("30-multi-label-classification", 100)
    keep("25-self-attention", 62.5)
    _, out, _ = judge()
    assert out.startswith("51 problems, 1 solved, 1 tried\n")
    assert "  Training                       1/12  ██░" in out
    assert "  Attention                      0/2   ░" in out
    assert "Next (35 min): judge attempt 25\n" in out
    assert "You are at 62 of 100 there" in out


def test_every_problem_is_in_one_topic(judge):
    keep("30-multi-label-classification", 100)
    _, out, _ = judge()
    totals = [int(line.split("/")[1].split()[0]) for line in out.splitlines() if "░" in line]
    assert sum(totals) == 51
    assert "Other" not in out


def test_a_terminal_without_unicode_and_a_narrow_one(pack, monkeypatch):
    keep("30-multi-label-classification", 100)
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    monkeypatch.setenv("COLUMNS", "50")
    for command in ([], ["next"], ["list"], ["show", "30"]):
        done = subprocess.run([sys.executable, "-m", "judge", *command], capture_output=True, text=True)
        assert (done.returncode, done.stderr) == (0, "")
        assert all(len(line) <= 50 for line in done.stdout.splitlines())


def test_next_finishes_what_was_begun_and_says_why(judge):
    keep("26-resnet", 40, days_ago=2)
    keep("25-self-attention", 80, days_ago=1)
    lines = judge("next")[1].splitlines()
    assert lines[0] == "judge attempt 25 (35 min)"
    assert "80 of 100" in lines[2]


def test_next_brings_back_what_was_solved_long_ago(judge):
    keep("25-self-attention", 100, days_ago=5)
    keep("26-resnet", 100, days_ago=3)
    lines = judge("next")[1].splitlines()
    assert lines[0] == "judge reset 25 (35 min)"
    assert "solved it 5 days ago" in lines[2]
    keep("25-self-attention", 100)  # the same code once more proves nothing
    assert judge("next")[1].startswith("judge reset 25")
    keep("25-self-attention", 100, code="01")
    assert judge("next")[1].startswith("judge attempt 30")


def test_next_remembers_hard_topics_and_what_was_left(judge):
    keep("25-self-attention", 20, days_ago=30)
    keep("37-image-captioning", 30, days_ago=30)
    lines = judge("next")[1].splitlines()
    assert lines[0] == "judge attempt 25 (35 min)"
    assert "Attention was hard" in lines[2]


def test_next_when_all_is_solved(judge):
    from judge.problems import packs

    with History() as history:
        for name in packs().names:
            history.record(replace(report(100, True, name), started_at=datetime.now().astimezone().isoformat()), "{}")
    status, out, _ = judge("next")
    assert status == 0
    assert out.startswith("judge reset 30 ")
    assert judge()[1].startswith("51 problems, 51 solved, 0 tried\n")


def test_help_has_a_panel_for_each_use(judge):
    _, out, _ = judge("--help")
    for panel in ("Practise", "Teach", "Write problems"):
        assert f"─ {panel} ─" in out
    assert "─ Commands ─" not in out
