"""new writes the skeleton of a problem; verify tells what is still to be written."""

import re

import pytest

MARKED = '''import torch


def double(x):
    """Twice x."""
    ### BEGIN SOLUTION
    return 2 * x
    ### END SOLUTION


def _half(x):
    return x / 2
'''


def test_a_skeleton_is_written_and_never_over_anything(judge, desk):
    status, _, err = judge("new", "mycourse/twice")
    assert status == 0
    assert [line.split()[-1] for line in err.splitlines()[:-1]] == [
        "mycourse/problems/twice/problem.toml",
        "mycourse/problems/twice/statement.md",
        "mycourse/problems/twice/stub.py",
        "mycourse/reference/twice/solution.py",
        "mycourse/problems/twice/checks.py",
    ]
    assert "judge verify twice --problems mycourse" in err
    (desk / "mycourse/problems/twice/stub.py").write_text("mine")
    status, _, err = judge("new", "mycourse/twice")
    assert (status, err.count("\n")) == (2, 1)
    assert "is there already" in err
    assert (desk / "mycourse/problems/twice/stub.py").read_text() == "mine"


def test_stub_and_reference_are_cut_from_one_marked_file(judge, desk):
    (desk / "twice.py").write_text(MARKED)
    assert judge("new", "twice", "--from", "twice.py")[0] == 0
    stub, reference = (desk / "problems/twice/stub.py").read_text(), (desk / "reference/twice/solution.py").read_text()
    assert '"""Twice x."""\n    raise NotImplementedError\n' in stub
    assert "2 * x" not in stub
    assert "return 2 * x" in reference
    assert "SOLUTION" not in stub + reference
    assert 'requires = ["double"]' in (desk / "problems/twice/problem.toml").read_text()
    assert "solution.double(" in (desk / "problems/twice/checks.py").read_text()


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("x = 1\n", "there are no marks"),
        ("### BEGIN SOLUTION\n", "line 1: ### BEGIN SOLUTION without an ### END SOLUTION below it"),
        ("### END SOLUTION\n", "line 1: ### END SOLUTION without a ### BEGIN SOLUTION above it"),
        ("### BEGIN SOLUTION\n### BEGIN SOLUTION\n", "line 2: ### BEGIN SOLUTION, but the one of line 1 has no"),
        ("def f(:\n    ### BEGIN SOLUTION\n    ### END SOLUTION\n", "line 1: invalid syntax"),
    ],
)
def test_a_file_that_cannot_be_cut_is_one_line(judge, desk, source, message):
    (desk / "bad.py").write_text(source)
    status, out, err = judge("new", "twice", "--from", "bad.py")
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert f"bad.py: {message}" in err
    assert not (desk / "problems").exists()


@pytest.mark.parametrize("name", ["My Course", "a/b/c", "../x", "-x", ""])
def test_a_name_that_is_no_folder_is_refused(judge, desk, name):
    status, _, err = judge("new", "--", name)
    assert (status, err.count("\n")) == (2, 1)
    assert list(desk.iterdir()) == []


def test_verify_names_one_file_after_the_other(judge, desk):
    judge("new", "mycourse/twice")
    named = []
    for _ in range(5):
        status, out, _ = judge("verify", "twice", "--problems", "mycourse")
        assert status == 1
        found = re.search(r"step \d of 6: (\S+): .*; line \d+ still says: .*TODO", out)
        named.append(found[1].rsplit("/", 1)[1])
        path = desk / "mycourse" / found[1].rsplit("mycourse/", 1)[1]
        path.write_text(path.read_text().replace("TODO", "done"))
    assert named == ["problem.toml", "statement.md", "stub.py", "solution.py", "checks.py"]
