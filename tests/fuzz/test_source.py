"""Whatever bytes are handed in: they are a solution or have one clear fault, and reading them is quick."""

from __future__ import annotations

import time
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as some

from judge.forbidden import TooMuchToRead, find_uses
from judge.grading import MAX_SOURCE_BYTES, Solution
from judge.problems import packs
from tests.fuzz.inputs import few, many, odd_texts

FORBIDS = ("torch.nn.functional.ctc_loss", "torch.nn.Transformer*", "torch.Tensor.softmax")
SOURCES = [packs().read(name).reference.encode() for name in packs().names[::7]]
PIECES = [
    *("x", "x.y", "torch", "ctc_loss", "F", "'ctc_loss'", "f'{x}'", "b'x'", "1", "1e999", "9" * 5000, "()", "[]", "{}"),
    *("global x", "nonlocal x", "import torch", "from torch import *", "import torch.nn.functional as F", "del x"),
    *("x = x", "x, *y = z", "x: int = 1", "x += 'a'", "pass", "return x", "yield x", "await x", "lambda x: x"),
    *("{[]: 1}", "{[]}", "x[{[]: 1}:]", "'ab'[::0]", "'ab'[1:2]", "'%s' % x", "'{}'.format(x)", "'_'.join(['a'])"),
    *("(x := 1)", "[x for x in y]", "{**x}", "x if y else z", "not x", "globals()['x']", "vars(F)", "getattr(F, 'x')"),
    *("sys.modules['torch']", "operator.attrgetter('nn.x')", "isinstance(x, torch.nn.Module)", "type(x) == int"),
    *("\ufeff", "\f", "\r", "\\\n", "\0", "#", "'''", "(", ")", "[", "{", "\t", "𝐱", "é"),
]
HEADS = ["if x:", "while x:", "for x in y:", "def f(x=1, *y, **z):", "class A(x):", "with x as y:", "try:", "else:"]
HEADS += ["except x as y:", "finally:", "async def f():", "match x:", "case [y, *z]:", "@x"]


@some.composite
def programs(draw: some.DrawFn) -> str:
    """Lines that are often right, in blocks that are often right."""
    lines, depth = [], 0
    for _ in range(draw(some.integers(1, 8))):
        kind = draw(some.sampled_from(["line", "line", "head", "out"]))
        text = draw(some.lists(some.sampled_from(PIECES), min_size=1, max_size=2))
        glue = draw(some.sampled_from(["; ", " + ", ".", "(", " = ", ", "]))
        depth -= kind == "out" and depth > 0
        lines.append("    " * depth + (draw(some.sampled_from(HEADS)) if kind == "head" else glue.join(text)))
        depth += kind == "head"
    return "\n".join([*lines, "    " * depth + "pass"])


def read(raw: bytes) -> Solution:
    began = time.process_time()
    solution = Solution.from_bytes(raw)
    assert time.process_time() - began < 2
    if solution.fault is not None:
        assert len(solution.fault.splitlines()) == 1
        assert len(solution.fault) < 500
    else:
        assert solution.source is not None
        with suppress(TooMuchToRead):
            assert all(use.line for use in find_uses(solution.source, FORBIDS))
        assert time.process_time() - began < 4
    return solution


@many
@given(some.binary(max_size=60) | odd_texts.map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_bytes(raw):
    read(raw)


@many
@given(programs())
def test_programs_that_are_nearly_right(program):
    read(program.encode())


@few
@given(some.sampled_from(SOURCES), some.data())
def test_real_solutions_with_lines_changed(source, data):
    lines = source.splitlines(keepends=True)
    for _ in range(data.draw(some.integers(1, 4))):
        at = data.draw(some.integers(0, len(lines) - 1))
        lines[at] = data.draw(
            some.sampled_from(lines)
            | some.sampled_from(PIECES).map(lambda piece: piece.encode() + b"\n")
            | some.integers(0, len(lines[at])).map(lambda cut, line=lines[at]: line[:cut])
        )
    read(b"".join(lines))


@pytest.mark.parametrize("times", [30, 8000])
@pytest.mark.parametrize(
    "piece",
    [
        *("(", "[", "{", "{x: ", "x(", "x[", "f'{", "-", "not ", "await ", "lambda: ", "x.", "x + ", "x = ", "a, "),
        *("x if y else ", "x for x in ", "if x: ", "else ", "*", "@", "x; ", "x\n", "'a' ", "# ", "\\\n", "\n "),
    ],
)
def test_the_same_thing_over_and_over(piece, times):
    read((piece * times)[:MAX_SOURCE_BYTES].encode())


def test_the_names_of_a_module_may_be_declared_global():
    assert not find_uses("global x\nprint(x)\n", FORBIDS)
    found = find_uses("global F\nimport torch.nn.functional as F\nF.ctc_loss(1)\n", FORBIDS)
    assert [use.line for use in found] == [3]


def test_a_slice_by_something_that_cannot_be_written_like_that():
    assert not find_uses("'ctc'[{[]: 1}:]\n", FORBIDS)


@pytest.mark.parametrize("body", ["if x: 0\n", "try: 0\nexcept x: 0\n", "from m{0} import *\nname{0}\n"])
def test_many_names_and_many_branches_take_no_longer_together(body):
    names = "".join(f"a{number} = 1\n" for number in range(1000))
    read((names + "".join(body.format(number) for number in range(1000))).encode())


def test_a_file_that_names_too_much_is_not_searched_for_minutes():
    many_things = " if x else ".join(f"torch.a{number}" for number in range(32))
    source = f"import torch\nx = {many_things} if x else 1\n" + "x.a.b.c.d.e.f.g.h.i\n" * 1000
    with pytest.raises(TooMuchToRead):
        find_uses(source, FORBIDS)
