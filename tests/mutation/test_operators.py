"""What `judge verify --mutants` makes of a reference."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from judge.mutation.operators import mutants

REFERENCES = sorted((Path(__file__).parents[2] / "reference").glob("*/solution.py"))


def made(source: str) -> set[str]:
    return {mutant.after for mutant in mutants(source)}


@pytest.mark.parametrize(
    ("line", "slips"),
    [
        ("y = a + b", {"y = a - b", "y = a"}),
        ("y = a @ b", {"y = b @ a", "y = a"}),
        (
            "y = x.sum(-1, keepdim=True)",
            {"y = x.sum(-1)", "y = x.mean(-1, keepdim=True)", "y = x.sum(-2, keepdim=True)"},
        ),
        ("y = x[1:]", {"y = x[:]", "y = x[0:]", "y = x[2:]"}),
        ("y = torch.zeros(3, device=x.device)", {"y = torch.zeros(3)", "y = torch.ones(3, device=x.device)"}),
        ("y = x.detach()", {"y = x"}),
        ("y = torch.sqrt(x)", {"y = x"}),
        ("y = f(a, b)", {"y = f(b, a)", "y = f(a)"}),
        ("y = a if c else b", {"y = a", "y = b"}),
        ("y = y + a", {"y += a"}),
        ("y = a < b", {"y = a <= b", "y = a > b"}),
        ("optimizer.zero_grad()", {"pass"}),
        ("y.add_(a)", {"y.add(a)", "pass"}),
    ],
)
def test_a_line_gets_the_slips_that_people_make(line, slips):
    assert slips <= made(line)


def test_blocks_lose_what_guards_them():
    source = "with torch.no_grad():\n    step()\nif n < 1:\n    raise ValueError('n')\n"
    assert {"if True:", "pass", "raise TypeError('n')", "if n <= 1:"} <= made(source)
    assert "except Exception:" in made("try:\n    f()\nexcept KeyError:\n    pass\n")


def test_what_no_contract_speaks_of_stays():
    source = '"""Adds 1 + 1."""\nimport a.b as c\n\n\ndef f(x: dict[str, 1]) -> 2:\n    raise ValueError("1" + "2")\n'
    assert made(source) == {"pass", 'raise TypeError("1" + "2")'}


@pytest.mark.parametrize("path", REFERENCES, ids=lambda path: path.parent.name)
def test_every_mutant_is_another_program_and_differs_where_it_says(path):
    source = path.read_text()
    found = mutants(source)
    assert len(found) > 15
    trees = {ast.dump(ast.parse(mutant.source)) for mutant in found}
    assert len(trees) == len(found)
    assert ast.dump(ast.parse(source)) not in trees
    for mutant in found:
        assert mutant.before.split("\n")[0] in source
        assert mutant.after.split("\n")[0] in mutant.source
