"""A timed call is judged like any other: nothing is gained by leaving its work out."""

import pytest

from tests.grading.conftest import by_name

PLACE = "        B, T, E = x.shape\n"


@pytest.mark.parametrize(
    "shortcut",
    [
        "return torch.empty(0)",
        "return 0 * x",
        "return self.__dict__.setdefault('seen', x.detach().clone()) + 0 * x",
        "kept = globals().setdefault('kept', {})\n            return kept.setdefault('y', self.out_proj(x))",
    ],
    ids=["an empty answer", "nothing computed", "the first input remembered", "the first answer remembered"],
)
def test_skipped_and_remembered_work_is_wrong(engine, problem, changed, shortcut):
    solution = changed(PLACE, f"{PLACE}        if T == 256:\n            {shortcut}\n")
    report = engine.judge(problem, solution, only=["at_length_256"])
    check = by_name(report)["at_length_256"]
    assert check.verdict in ("wrong", "error")
    assert check.points == 0
    assert check.message


def test_right_answers_remembered_from_the_warm_up_do_not_fit_the_next_round(engine, problem, changed):
    remembered = (
        f"{PLACE}        if T == 256 and 'first' in self.__class__.__dict__:\n"
        "            return x @ self.__class__.first\n"
    )
    learned = "        return self.out_proj(y.transpose(1, 2).contiguous().view(B, T, E))"
    keep = "        answer = self.out_proj(y.transpose(1, 2).contiguous().view(B, T, E))\n" + (
        "        if T == 256:\n"
        "            self.__class__.first = torch.linalg.pinv(x[0].detach()) @ answer[0].detach()\n"
        "        return answer"
    )
    report = engine.judge(problem, changed(PLACE, remembered, learned, keep), only=["at_length_256"])
    assert report.verdict in ("wrong", "error")


def test_right_answers_that_come_far_too_late_are_slow(engine, problem, changed):
    # Work, not sleep: on a busy machine it becomes slower together with the reference.
    needless = "        for _ in range(400 * (T == 256)):\n            weights.softmax(-1)\n"
    place = "        y = torch.matmul(self.attn_dropout(weights), v)\n"
    report = engine.judge(problem, changed(place, place + needless), only=["at_length_256"])
    check = by_name(report)["at_length_256"]
    if check.verdict == "not judged":
        pytest.skip(f"{check.message}: nothing can be timed now")
    assert (check.verdict, check.points) == ("slow", 0)
    assert "at most 5 times is allowed" in check.message
