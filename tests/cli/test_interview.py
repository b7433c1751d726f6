"""judge interview: problems against the clock, with the pack of one problem, and with the bundled ones."""

import random
import re
import sqlite3
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some
from msgspec.structs import replace

from judge.history import History, data_folder
from judge.practice.drawing import NothingFits, draw
from judge.practice.interviews import Interviews
from judge.practice.standing import Standing
from judge.practice.topics import about
from judge.problems import packs
from judge.report import CheckResult, Diagnosis
from judge.report.json import to_json
from tests.cli.test_history import report

BUNDLED = list(packs())
WARM_UP = ("interview", "--minutes", "5", "--topics", "warm-up")  # draws 77-double, which takes 5 minutes
RIGHT, WRONG = "def double(x):\n    return 2 * x\n", "def double(x):\n    return 3 * x\n"


def move_clock(minutes: int) -> None:
    """As if the interview had been started earlier."""
    with sqlite3.connect(data_folder() / "history.sqlite") as file:
        ((started,),) = file.execute("SELECT started_at FROM interviews WHERE finished_at IS NULL")
        earlier = datetime.fromisoformat(started) - timedelta(minutes=minutes)
        file.execute("UPDATE interviews SET started_at = ? WHERE finished_at IS NULL", (earlier.isoformat(),))


def attempt(score: float, problem: str = "mypack/77-double", **more: object) -> None:
    now = datetime.now().astimezone().isoformat(timespec="seconds")
    one = replace(report(score, score == 100, problem), started_at=now, **more)
    with History() as history:
        history.record(one, to_json(one))


def test_it_starts_with_a_clock_and_the_first_statement(judge, pack, desk):
    status, out, err = judge(*WARM_UP)
    assert (status, err) == (0, "")
    assert "Return 2 × xᵢ" in out
    assert re.search(r"Interview: (5:00|4:5\d) left of 5 minutes", out)
    assert re.search(r"→ +77  Double a tensor +5 min +0/100", out)
    assert "Next: judge attempt 77" in out
    assert "judge hint 77 costs 10 points" in out


def test_an_interview_from_start_to_scorecard(judge, program, pack, desk):
    """The real attempts of a person, in a process each: nothing but the history connects them."""
    judge(*WARM_UP)
    assert program("attempt", "77").returncode == 1
    file = desk / "solutions/mypack/77-double.py"
    file.write_text(WRONG)
    done = program("attempt", "77")
    assert re.search(r"Interview: [45]:\d\d left, 0 of 1 solved; judge interview goes on", done.stderr)
    out = judge("hint", "77")[1]
    assert "This hint costs 10 points" in out
    assert "costs" not in judge("hint", "77", "1")[1]  # once more is free
    assert judge("hint", "77", "3")[0] == 2
    file.write_text(RIGHT)
    done = program("attempt", "77", "--json")
    assert (done.returncode, done.stderr) == (0, "")  # a program that reads the report gets no reminder
    assert "All solved. Next: judge interview --finish" in judge("interview")[1]
    status, out, _ = judge("interview", "--finish")
    assert status == 0
    assert re.search(r"^Interview 1, \d{4}-\d\d-\d\d \d\d:\d\d +90/100$", out, re.MULTILINE)
    assert re.search(r"✓ +77  Double a tensor +5 min +90/100", out)
    assert re.search(r"accepted at \d:\d\d, attempt 2", out)
    assert "1 hint: 10 points less" in out
    assert "You triple." in out  # the mistake that was recognised on the way
    assert judge("interview", "--card", "1")[1] == out
    assert re.search(r"1  \d{4}-\d\d-\d\d +5 min  77 +1 of 1 solved +90/100", judge("history")[1])


def test_hints_begin_anew_and_the_last_one_is_paid_once(judge, pack, desk):
    for _ in range(3):
        judge("hint", "77")
    judge(*WARM_UP)
    said = [judge("hint", "77")[1] for _ in range(4)]
    assert ["hint 1 of 3" in said[0], "hint 2 of 3" in said[1], "hint 3 of 3" in said[2]] == [True] * 3
    assert ["costs 10 points" in one for one in said] == [True, True, True, False]
    attempt(100)
    assert "70/100" in judge("interview", "--finish")[1]
    assert "hint 3 of 3" in judge("hint", "77")[1]


def test_points_never_fall_below_none(judge, pack, desk):
    judge(*WARM_UP)
    judge("hint", "77")
    attempt(4)
    out = judge("interview", "--finish")[1]
    assert "✗" in out
    assert "0/100" in out
    assert "1 attempt, not accepted" in out


def test_the_reference_is_not_shown_while_it_is_asked(judge, pack, desk):
    judge(*WARM_UP)
    status, out, err = judge("reveal", "77", "--yes")
    assert (status, out) == (2, "")
    assert "77-double is asked in the interview that runs" in err
    judge("interview", "--finish")
    assert judge("reveal", "77", "--yes")[0] == 0


def test_after_the_time_nothing_counts_and_the_scorecard_comes(judge, pack, desk):
    judge(*WARM_UP)
    attempt(40)
    move_clock(5)
    attempt(100)
    assert "costs" not in judge("hint", "77")[1]
    status, out, _ = judge("interview")
    assert status == 0
    assert "40/100" in out
    assert "5:00 of 5:00 used" in out
    assert judge("interview", "--finish")[::2] == (
        2,
        "judge: no interview is running; judge interview starts one\n",
    )


def test_what_failed_last_is_told_where_no_mistake_is_known(judge, pack, desk):
    judge(*WARM_UP)
    check = CheckResult("doubles", "values", "Every number doubles.", "wrong", {"cpu": "wrong"}, 0, 60, 0.1)
    attempt(40, checks=[check], diagnosis=[Diagnosis("guess", "You guess.", ["doubles"], certain=False)])
    out = judge("interview", "--finish")[1]
    assert "Failed: Every number doubles." in out
    assert "You guess" not in out


def test_the_follow_up_questions_come_at_the_end_and_not_before(judge, desk):
    started = judge("interview", "--minutes", "35", "--topics", "transformer")[1]
    assert "What the interviewer is after" not in started
    assert "Follow-up" not in started
    attempt(100, "25-self-attention")
    assert "What may be asked next about 25 (judge reveal 25 has answers)" in judge("interview", "--finish")[1]


def test_nothing_attempted_leaves_no_scorecard(judge, pack, desk):
    judge(*WARM_UP)
    status, out, err = judge("interview", "--finish")
    assert (status, out) == (0, "")
    assert "Nothing was attempted" in err
    with History() as history:
        assert Interviews(history).finished() == []


def test_what_was_written_before_is_kept_and_the_stub_put_back(judge, pack, desk):
    file = desk / "solutions/mypack/77-double.py"
    file.parent.mkdir(parents=True)
    file.write_text(RIGHT)
    _, _, err = judge(*WARM_UP)
    assert "what you had is solutions/mypack/earlier/77-double.1.py" in err
    assert file.read_text() == (pack / "problems/77-double/stub.py").read_text()
    assert (file.parent / "earlier/77-double.1.py").read_text() == RIGHT


def test_a_stub_that_cannot_be_put_back_is_said_and_all_goes_on(judge, pack, desk):
    file = desk / "solutions/mypack/77-double.py"
    file.parent.mkdir(parents=True)
    file.write_text(RIGHT)
    (file.parent / "earlier").write_text("a file")
    status, out, err = judge(*WARM_UP)
    assert (status, err.count("\n"), file.read_text()) == (0, 1, RIGHT)
    assert "cannot put back the stub" in err
    assert "Return 2" in out


def test_it_goes_on_after_a_kill(judge, pack, desk):
    program = subprocess.Popen([sys.executable, "-m", "judge", *WARM_UP], stdout=subprocess.PIPE)
    assert program.stdout.readline()  # it shows something, so it has begun
    program.kill()
    program.communicate()
    assert re.search(r"Interview: [45]:\d\d left of 5 minutes", judge("interview")[1])


def test_two_terminals_start_one_interview(pack, desk):
    both = [
        subprocess.Popen([sys.executable, "-m", "judge", *WARM_UP], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(2)
    ]
    said = [(one.communicate(), one.returncode) for one in both]
    assert sorted(status for _, status in said) == [0, 2]
    ((_, complaint),) = [texts for texts, status in said if status == 2]
    assert b"interview" in complaint
    assert complaint.count(b"\n") == 1
    with History() as history:
        assert history.rows("SELECT count(*) FROM interviews") == [(1,)]


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--topics", "juggling"], "no problem is about 'juggling'; judge list shows the tags"),
        (["--topics", "speech", "--level", "easy"], "no easy problem is about that; leave --level out or name other"),
        (["--minutes", "10", "--topics", "speech"], "no such problem fits into 10 minutes; --minutes 35 is the least"),
        (["--level", "brutal"], "--level is easy, medium, hard, not 'brutal'"),
        (["--topics", " , "], "--topics names none; write --topics attention,nlp"),
        (["--finish", "--minutes", "30"], "--finish and --card N stand alone"),
        (["--card", "7"], "there is no scorecard 7; judge history lists them"),
        (["--minutes", "0"], "Invalid value for '--minutes'"),
    ],
)
def test_wishes_that_cannot_be_met_are_one_line(judge, desk, arguments, line):
    status, out, err = judge("interview", *arguments)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert line in err


def test_wishes_while_one_runs_are_refused(judge, pack, desk):
    judge(*WARM_UP)
    status, _, err = judge("interview", "--minutes", "60")
    assert status == 2
    assert re.search(r"an interview is running, \d:\d\d left; judge interview --finish ends it", err)


def test_where_nothing_can_be_kept_there_is_no_interview(judge, tmp_path, desk, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("JUDGE_DATA", str(tmp_path / "file/data"))
    status, out, err = judge("interview")
    assert (status, out) == (2, "")
    assert "an interview must be kept" in err


@given(
    minutes=some.integers(20, 240),
    level=some.sampled_from([None, "easy", "medium", "hard"]),
    topics=some.lists(
        some.sampled_from(["attention", "training", "speech", "vision", "generative", "nlp"]), max_size=3
    ),
    seed=some.integers(0, 1000),
)
def test_what_is_drawn_fits(minutes, level, topics, seed):
    try:
        drawn = draw(BUNDLED, minutes, level, topics, {}, random.Random(seed))
    except NothingFits:
        return
    assert 1 <= len(drawn) == len({problem.slug for problem in drawn})
    assert sum(problem.minutes for problem in drawn) <= minutes
    assert all(level in (None, problem.difficulty) for problem in drawn)
    assert all(not topics or any(about(problem, topic) for topic in topics) for problem in drawn)


def test_every_topic_is_asked_where_the_time_allows_it():
    for seed in range(10):
        drawn = draw(BUNDLED, 75, "medium", ["attention", "training"], {}, random.Random(seed))
        for topic in ("attention", "training"):
            assert any(about(problem, topic) for problem in drawn)


def test_what_is_new_is_drawn_before_what_is_solved():
    solved = {problem.slug: Standing("solved", 100, 1) for problem in BUNDLED if problem.slug != "26-resnet"}
    for seed in range(10):
        assert [one.slug for one in draw(BUNDLED, 45, None, ["vision"], solved, random.Random(seed))] == ["26-resnet"]


def test_two_interviews_differ():
    drawn = {tuple(one.slug for one in draw(BUNDLED, 45, None, [], {}, random.Random(seed))) for seed in range(20)}
    assert len(drawn) > 5


def test_in_a_folder_with_spaces_and_letters_of_all_kinds(judge, pack, tmp_path, monkeypatch):
    folder = tmp_path / "my désk 学习"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("JUDGE_DATA", str(tmp_path / "dàta 数据"))
    assert judge(*WARM_UP)[0] == 0
    assert judge("attempt", "77")[0] == 1
    assert Path("solutions/mypack/77-double.py").is_file()
    assert judge("interview", "--lang", "zh")[0] == 0
    attempt(100)
    assert "100/100" in judge("interview", "--finish", "--lang", "zh")[1]
