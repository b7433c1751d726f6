"""Every problem that comes with judge has all its texts, in both languages, and its place."""

import ast
import re

import pytest

from judge.grading import Judge
from judge.problems import packs

KNOWN = packs()
PROBLEMS = {name: KNOWN.read(name) for name in KNOWN.names if "/" not in name}
FORMULA = re.compile(r"\$\$(.*?)\$\$|\$([^$]+)\$", re.DOTALL)
CODE = re.compile(r"```.*?```|`[^`]*`", re.DOTALL)
MANY = 3  # functions or classes, from which on a problem has parts


@pytest.fixture(params=PROBLEMS, scope="module")
def problem(request):
    return PROBLEMS[request.param]


def test_each_has_its_own_place_in_the_recommended_order():
    places = [problem.order for problem in PROBLEMS.values()]
    assert None not in places
    assert len(set(places)) == len(places)


def test_it_can_be_found_in_both_languages(problem):
    assert re.search(r"[一-鿿]", problem.titles["zh"] + "".join(problem.aliases))
    assert problem.aliases
    assert len(problem.tags) >= 2


def test_all_texts_are_there_in_both_languages(problem):
    for language in ("en", "zh"):
        assert len(problem.hints(language)) == 3
        assert problem.answers(language)
        assert problem.text("statement", language)
    assert re.search(r"[一-鿿]", problem.text("statement", "zh"))
    assert re.search(r"[一-鿿]", problem.text("hints", "zh"))
    assert re.search(r"[一-鿿]", problem.answers("zh"))


def test_checks_and_mistakes_are_told_in_chinese_too(problem):
    checks = {check.name for check in Judge(devices=["cpu"], seed=0).checks(problem)}
    assert set(problem.messages["checks"]) == checks
    assert set(problem.messages["mistakes"]) == {mistake.name for mistake in problem.mistakes}


def test_statement_and_stub_name_everything_that_is_required(problem):
    defined = {getattr(node, "name", None) for node in ast.parse(problem.stub).body}
    for name in problem.requires:
        assert name in defined
        assert name in problem.text("statement")
        assert name in problem.text("statement", "zh")


def test_what_asks_for_much_has_parts(problem):
    assert problem.parts or len(problem.requires) < MANY
    assert sum(part.minutes for part in problem.parts.values()) <= problem.minutes


def test_there_is_another_right_way(problem):
    assert problem.also


def test_nothing_is_longer_than_a_line_of_120(problem):
    for path in problem.folder.rglob("*"):
        if path.suffix in (".py", ".md") and ".zh." not in path.name:
            for number, line in enumerate(path.read_text().splitlines(), 1):
                assert len(line) <= 120, f"{path.name}:{number}"


def formulas(text):
    return sorted("".join((shown or inline).split()) for shown, inline in FORMULA.findall(CODE.sub("", text)))


def test_formulas_are_the_same_in_both_languages(problem):
    for text in ("statement", "hints"):
        english, chinese = (problem.text(text, language) for language in ("en", "zh"))
        assert formulas(english) == formulas(chinese)
