"""What is said of a report in words, wherever it is shown."""

from judge.report import CaseResult, CheckResult
from judge.report.telling import other_cases


def told(*messages: str) -> list[str]:
    """The lines for the cases "a, b", "c", ... with these messages, the first of which is the check's own."""
    cases = [
        CaseResult(name, "wrong", 0, 1, text) for name, text in zip(["a, b", "c", "d", "e"], messages, strict=False)
    ]
    check = CheckResult("check", "values", "", "wrong", {"cpu": "wrong"}, 0, 4, 0.0, message=messages[0], cases=cases)
    return list(other_cases(check))


def test_a_case_is_named_once_in_its_line():
    assert told("a, b has shape (1,)", "c[0] is nan, expected 1", "d.x: 1 number differs", "e, y has length 0") == [
        "c: [0] is nan, expected 1",
        "d: 1 number differs",
        "e: y has length 0",
    ]


def test_what_was_said_before_is_not_repeated_for_other_numbers():
    assert told("a, b[0] is nan, expected 1", "c[2] is nan, expected 7", "d: 3 numbers differ") == [
        "d: 3 numbers differ"
    ]
