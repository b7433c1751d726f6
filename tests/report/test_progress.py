"""What is seen while something long runs."""

from judge.progress import Shown

from .samples import check, report

RIGHT, WRONG = report(check("a")), report(check("a", verdict="wrong"))


def test_a_log_shows_life_but_not_every_submission(capsys):
    now = 0.0
    with Shown("grading", 1000, clock=lambda: now) as shown:
        for number in range(1000):
            now += 0.125 if number < 500 else 2.0
            shown.take(WRONG if number % 4 == 0 else RIGHT)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "judge: grading: 100 of 1000 (10 %), 8.0/s, 2 min left, 25 not accepted"
    assert lines[-1] == "judge: grading: 995 of 1000 (99 %), 57/min, 5 s left, 249 not accepted"
    assert len(lines) == 5 + 33  # each tenth, then each half minute


def test_a_short_run_says_nothing(capsys):
    with Shown("grading", 3) as shown:
        for _ in range(3):
            shown.take(RIGHT)
    assert capsys.readouterr() == ("", "")


def test_what_the_judge_failed_at_is_told_apart(capsys):
    now = 0.0
    with Shown("grading", 4, clock=lambda: now) as shown:
        for one in (RIGHT, WRONG, report(check("a", verdict="infra"), verdict="infra")):
            now += 1800
            shown.take(one)
    last = capsys.readouterr().err.splitlines()[-1]
    assert last == "judge: grading: 3 of 4 (75 %), 2.0/h, 30 min left, 1 not accepted, 1 not judged"


def test_what_was_done_before_took_no_time(capsys):
    now = 0.0
    with Shown("verify", 1000, known=900, clock=lambda: now) as shown:
        for _ in range(100):
            now += 1
            shown.advance()
    assert capsys.readouterr().err.splitlines()[0] == "judge: verify: 930 of 1000 (93 %), 1.0/s, 70 s left"


def test_what_else_came_of_them_is_counted(capsys):
    now = 0.0
    with Shown("verify", 2, clock=lambda: now) as shown:
        for counted in ("with findings", "with findings"):
            now += 60
            shown.advance(counted)
    assert capsys.readouterr().err.splitlines()[-1] == "judge: verify: 2 of 2 (100 %), 1.0/min, 2 with findings"
