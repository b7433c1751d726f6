"""A problem is a folder of plain files; what is wrong with one is said by file and field."""

import subprocess
import sys

import pytest

from judge.problems import BrokenProblem, Pack, Packs, packs


def read(root, slug="01-double"):
    return Packs([Pack("", root)]).read(slug)


def test_everything_in_a_folder_is_read(add_problem, settings):
    root = add_problem("01-double", settings + '[mistakes]\ntriples = ["doubles"]\n')
    folder, hidden = root / "problems/01-double", root / "reference/01-double"
    (folder / "statement.md").write_text("# Double")
    (folder / "statement.zh.md").write_text("# 加倍", encoding="utf-8")
    (folder / "hints.md").write_text("# Hints\n\n## 1\n\nMultiply.\n\n## 2\n\nBy two.\n\n### Still two\n")
    (folder / "messages.zh.toml").write_text('[checks]\ndoubles = "加倍"\n', encoding="utf-8")
    (folder / "mistakes").mkdir()
    (folder / "mistakes/triples.py").write_text('"""You triple.\n\n    It is too much."""\n')
    (hidden / "also_by_adding.py").write_text("def double(x): return x + x\n")
    problem = read(root)

    assert (problem.number, problem.difficulty, problem.minutes, problem.tags) == (1, "easy", 10, ("attention",))
    assert (problem.requires, problem.forbids, problem.devices) == (("double",), ("torch.mul",), None)
    assert (problem.title(), problem.title("zh"), problem.title("fr")) == ("A title", "标题", "A title")
    assert (problem.text("statement"), problem.text("statement", "zh")) == ("# Double", "# 加倍")
    assert problem.hints() == ["Multiply.", "By two.\n\n### Still two"] == problem.hints("zh")
    assert problem.messages == {"checks": {"doubles": "加倍"}, "mistakes": {}}
    assert problem.stub.startswith("def double")
    assert problem.reference == "def double(x): return 2 * x\n"
    assert problem.oracle is None
    assert list(problem.also) == ["also_by_adding"]
    assert [(mistake.name, mistake.text) for mistake in problem.mistakes] == [
        ("triples", "You triple. It is too much.")
    ]
    assert problem.mistake_checks == {"triples": ("doubles",)}
    assert {path.name for path in problem.hidden_paths()} == {"solution.py", "also_by_adding.py", "triples.py"}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"easy"', '"x"', "difficulty must be easy, medium or hard, not 'x'"),
        ("minutes = 10", "", "minutes is missing"),
        ("minutes = 10", 'minutes = "10"', "minutes must be a whole number, not a text"),
        ("minutes = 10", "minutes = 0", "minutes must be at least 1"),
        ('["attention"]', '"attention"', "tags must be a list, not a text"),
        ('["attention"]', "[1]", "tags[0] must be a text, not a whole number"),
        ("title_zh", "titel", "there is no field titel; the fields are title, source, tags, "),
        ('source = "A.1"', 'source = "A.1"\ndevices = ["gpu"]', "devices[0] must be cpu, cuda, mps or sim, not 'gpu'"),
        ("minutes = 10", "minutes = ", "not valid TOML: "),
        ("minutes = 10", 'minutes = 10\n"a\\nb" = 1', "there is no field 'a\\nb'; the fields are title, "),
        ("minutes = 10", "minutes = 10\nparts = {a = {minutes = 1, x = 1}}", "parts[...] has no field x"),
    ],
)
def test_a_wrong_field_is_named(add_problem, settings, old, new, message):
    root = add_problem("01-double", settings.replace(old, new))
    with pytest.raises(BrokenProblem) as caught:
        read(root)
    assert f"problems/01-double/problem.toml: {message}" in str(caught.value)


@pytest.mark.parametrize("missing", ["problems/01-double/problem.toml", "problems/01-double/checks.py"])
def test_a_missing_file_is_named(add_problem, missing):
    root = add_problem("01-double")
    (root / missing).unlink()
    with pytest.raises(BrokenProblem, match=f"{missing} is missing"):
        read(root)


def test_a_missing_text_is_named_when_it_is_asked_for(add_problem):
    problem = read(add_problem("01-double"))
    with pytest.raises(BrokenProblem, match=r"statement\.md is missing"):
        problem.text("statement", "zh")


@pytest.mark.parametrize(
    ("listed", "file", "message"),
    [
        ('[mistakes]\ntriples = ["doubles"]\n', None, "names triples, but mistakes/triples.py is missing"),
        ("", '"""You triple."""', "does not say which checks must reject it"),
        ('[mistakes]\ntriples = ["doubles"]\n', "x = 1", "needs a docstring"),
        ('[mistakes]\ntriples = ["doubles"]\n', "x = ", "line 1: invalid syntax"),
    ],
)
def test_mistakes_that_do_not_fit_are_named(add_problem, settings, listed, file, message):
    root = add_problem("01-double", settings + listed)
    (root / "problems/01-double/mistakes").mkdir()
    if file is not None:
        (root / "problems/01-double/mistakes/triples.py").write_text(file)
    with pytest.raises(BrokenProblem, match=message):
        _ = read(root).mistakes


def test_one_broken_folder_leaves_the_others_usable(add_problem):
    add_problem("01-double", "nonsense")
    root = add_problem("02-triple")
    assert Packs([Pack("", root)]).find("triple").number == 2


@pytest.mark.parametrize("slug", packs().names)
def test_every_bundled_problem_is_complete(slug):
    problem = packs().read(slug)
    for language in ("en", "zh"):
        assert problem.title(language)
        assert problem.text("statement", language)
        assert len(problem.hints(language)) == 3
    assert problem.mistakes
    assert problem.stub
    assert problem.messages["mistakes"].keys() == problem.mistake_checks.keys()


def test_reading_all_problems_needs_no_torch():
    program = "import sys, judge.problems as p; list(p.packs()); assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", program], check=True)
