"""What students get: they can be judged with it, and it tells nothing of how the references do it."""

import io
import json
import re
import zipfile
from pathlib import Path

import pytest

from judge.cli import run
from judge.grading import Judge, Solution
from judge.history import cache_folder
from judge.problems import Packs, packs
from judge.report import Report

from .classes import RIGHT, hand_in, tiny_pack

SEED = 7  # that of judge attempt without --seed
EXAMPLE = Path(__file__).parents[2] / "examples/25-self-attention.py"
LONG_ENOUGH = 25  # characters of a line that is nobody else's


@pytest.fixture(scope="module", autouse=True)
def own_data(tmp_path_factory):
    """Nothing of the person who runs the tests is read or written."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JUDGE_DATA", str(tmp_path_factory.mktemp("data")))
        patch.delenv("JUDGE_PROBLEMS", raising=False)
        yield


@pytest.fixture(scope="module")
def zipped(tmp_path_factory) -> bytes:
    """Two bundled problems and one of a pack, for two seeds, with hints."""
    folder = tmp_path_factory.mktemp("course")
    tiny_pack(folder / "tiny")
    (folder / "hw.toml").write_text('title = "Homework"\nproblems = ["25", "30", "991"]\n')
    arguments = ["release", str(folder / "hw.toml"), "-o", str(folder / "hw.zip"), "--seeds", "2", "--hints"]
    assert run([*arguments, "--problems", str(folder / "tiny")]) == 0
    return (folder / "hw.zip").read_bytes()


@pytest.fixture(scope="module")
def package(zipped, tmp_path_factory) -> Path:
    """The zip, unpacked by a student."""
    home = tmp_path_factory.mktemp("student")
    with zipfile.ZipFile(io.BytesIO(zipped)) as archive:
        archive.extractall(home)
    return home / "hw"


@pytest.fixture(scope="module")
def known(package) -> Packs:
    return packs([package])


@pytest.fixture(scope="module")
def judge(zipped):
    """Without what was remembered when the package was made."""
    with Judge(devices=["cpu", "sim"], seed=SEED, secret="another") as opened:
        yield opened


def by_name(report: Report):
    return {check.name: check for check in report.checks}


def right(number: str) -> str:
    return {"25": EXAMPLE.read_text(), "991": RIGHT}.get(number) or packs().find(number).reference


@pytest.mark.parametrize("number", ["25", "30", "991"])
@pytest.mark.parametrize("seed", [SEED, SEED + 1])
def test_a_right_solution_has_all_points_that_can_be_had(judge, known, number, seed):
    report = judge.reseeded(seed).judge(known.find(f"hw/{number}"), Solution.from_text(right(number)))
    assert (report.score, report.accepted) == (100, True), report
    timed = {name for name, check in by_name(report).items() if check.kind == "timing"}
    assert {name for name, check in by_name(report).items() if check.verdict == "not judged"} == timed
    assert all("no reference in this package" in by_name(report)[name].message for name in timed)


@pytest.mark.parametrize("number", ["25", "30"])
def test_every_known_mistake_is_rejected_where_it_must_be_and_not_named(judge, known, number):
    problem = packs().find(number)
    released = known.find(f"hw/{number}")
    costly = {check.name for check in judge.checks(released) if check.kind in ("timing", "convergence")}
    tried = 0
    for mistake in problem.mistakes:
        meant = set(problem.mistake_checks[mistake.name]) - costly
        if not meant:
            continue
        tried += 1
        report = judge.judge(released, Solution.from_text(mistake.source), only=meant)
        assert {name for name, check in by_name(report).items() if check.verdict in ("wrong", "error")} == meant, report
        assert report.diagnosis == []
    assert tried > 3


def test_the_example_that_is_shown_is_one_that_was_drawn(judge, known):
    wrong = EXAMPLE.read_text().replace(" * q.size(-1) ** -0.5", "")
    report = judge.judge(known.find("hw/25"), Solution.from_text(wrong), only={"weighs_values_by_scores"})
    (check,) = report.checks
    assert "expected" in check.message or check.expected is not None
    assert check.example is not None
    assert report.released


def test_what_works_on_the_cpu_only_is_found(judge, known):
    wrong = "import torch\n" + RIGHT.replace("return", "return torch.zeros(x.shape) +")
    report = judge.judge(known.find("hw/991"), Solution.from_text(wrong))
    assert {device for check in report.checks for device, verdict in check.devices.items() if verdict == "error"} == {
        "sim"
    }, report


def test_nothing_of_references_or_mistakes_is_in_it(zipped):
    with zipfile.ZipFile(io.BytesIO(zipped)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    assert not [name for name in members if "reference" in name.lower() or "mistake" in name.lower()]
    everything = b"\0".join(members.values())
    for number in ("25", "30"):
        problem = packs().find(number)
        public = " ".join([problem.stub, problem.checks_source, problem.text("statement"), *problem.hints()])
        hidden = [problem.reference, problem.answers() or "", *problem.also.values()]
        hidden += [one.source for one in problem.mistakes]
        lines = {line.strip() for text in hidden for line in text.splitlines()}
        telling = {line for line in lines if len(line) >= LONG_ENOUGH and line not in public}
        assert len(telling) > 50
        assert not [line for line in telling if line.encode() in everything]
        chinese = problem.messages["mistakes"].values()
        assert chinese
        assert not [text for text in chinese if text.encode() in everything]
        assert not [one.name for one in problem.mistakes if f'"{one.name}"'.encode() in everything]
        assert problem.stub.encode() in everything
        assert problem.text("statement", "zh").encode() in everything


def test_it_keeps_to_itself(judge, known, package, capsys):
    """No file of the cache is written for it, and the bundled problem's scores stay what they are."""
    before = sorted(cache_folder().rglob("*"))
    arguments = ["attempt", "hw/25", str(EXAMPLE), "--problems", str(package), "--json"]
    assert run(arguments) == 0
    assert json.loads(capsys.readouterr().out)["problem"] == "hw/25-self-attention"
    assert sorted(cache_folder().rglob("*")) == before
    assert run(["list", "self-attention", "--json", "--problems", str(package)]) == 0
    best = {one["problem"]: one["best"] for one in json.loads(capsys.readouterr().out)}
    assert best["hw/25-self-attention"] == 100
    assert best["25-self-attention"] is None


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["attempt", "hw/25", "x.py", "--seed", "20"], "without seed 20; its seeds are 7 or 8"),
        (["reveal", "hw/25", "--yes"], "the reference of hw/25-self-attention is not in this package"),
        (["verify", "hw/30"], "released without the reference, so there is nothing to prove"),
        (["release", "again.toml"], "is not in this package"),
    ],
)
def test_what_it_has_not_is_told_in_one_line(package, tmp_path, monkeypatch, capsys, arguments, said):
    monkeypatch.chdir(tmp_path)
    Path("again.toml").write_text('title = "Again"\nproblems = ["hw/25"]\n')
    assert run([*arguments, "--problems", str(package)]) == 2
    printed = capsys.readouterr()
    assert (printed.out, printed.err.count("\n")) == ("", 1)
    assert said in printed.err
    assert not Path("again.zip").exists()


def test_show_and_hint_work_as_ever(package, capsys):
    assert run(["show", "hw/25", "--problems", str(package)]) == 0
    assert "Self" in capsys.readouterr().out
    assert run(["hint", "hw/25", "--problems", str(package)]) == 0
    assert "hint 1 of 3" in capsys.readouterr().out


def test_a_class_cannot_be_graded_with_it(package, tmp_path, capsys):
    hand_in(tmp_path / "class", {"ada/991.py": RIGHT})
    assert run(["grade", str(tmp_path / "class"), "--problems", str(package), "--require-isolation", "L0"]) == 2
    assert "hw/991-double was released for students" in capsys.readouterr().err


def test_the_zip_itself_is_refused_with_what_to_do(tmp_path, zipped, capsys):
    (tmp_path / "hw.zip").write_bytes(zipped)
    assert run(["list", "--problems", str(tmp_path / "hw.zip")]) == 2
    assert "unpack it" in capsys.readouterr().err


@pytest.mark.parametrize("damage", ["missing", "a bit"])
def test_a_damaged_package_is_told_in_one_line(zipped, tmp_path, capsys, damage):
    with zipfile.ZipFile(io.BytesIO(zipped)) as archive:
        archive.extractall(tmp_path)
    path = next((tmp_path / "hw/observations/991-double/7").iterdir())
    if damage == "missing":
        path.unlink()
    else:
        content = bytearray(path.read_bytes())
        content[-1] ^= 1
        path.write_bytes(content)
    solution = tmp_path / "991.py"
    solution.write_text(RIGHT)
    assert run(["attempt", "hw/991", str(solution), "--problems", str(tmp_path / "hw")]) == 2
    printed = capsys.readouterr()
    assert (printed.out, printed.err.count("\n")) == ("", 1)
    assert f"{path} is missing or damaged; unpack the package again" in printed.err


@pytest.mark.parametrize("to", ["h w.zip", "there", "no/where.zip"])
def test_a_place_that_will_not_do_is_told_in_one_line(tmp_path, monkeypatch, capsys, to):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there").mkdir()
    (tmp_path / "hw.toml").write_text('title = "Homework"\nproblems = ["30"]\n')
    assert run(["release", "hw.toml", "-o", to]) == 2
    printed = capsys.readouterr()
    assert (printed.out, printed.err.count("\n")) == ("", 1)
    assert sorted(path.name for path in tmp_path.iterdir() if path.name != ".hypothesis") == ["hw.toml", "there"]


def test_a_reference_that_cannot_be_observed_is_told_in_one_line(tmp_path, capsys):
    (tmp_path / "hw.toml").write_text('title = "Homework"\nproblems = ["992"]\n')
    arguments = ["release", str(tmp_path / "hw.toml"), "-o", str(tmp_path / "hw")]
    assert run([*arguments, "--problems", str(tiny_pack(tmp_path / "tiny"))]) == 2
    printed = capsys.readouterr()
    assert (printed.out, printed.err.count("\n")) == ("", 1)
    assert re.search(r"tiny/992-lost, seed \d: the reference failed in doubles: the process ended", printed.err)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["hw.toml", "tiny"]


def test_hints_are_left_out_unless_they_are_asked_for(tmp_path):
    (tmp_path / "hw.toml").write_text('title = "Homework"\nproblems = ["991"]\n')
    tiny_pack(tmp_path / "tiny")
    (tmp_path / "tiny/problems/991-double/hints.md").write_text("## 1\n\nDouble it.\n")
    arguments = ["release", str(tmp_path / "hw.toml"), "-o", str(tmp_path / "hw"), "--seeds", "1"]
    assert run([*arguments, "--problems", str(tmp_path / "tiny")]) == 0
    assert packs([tmp_path / "hw"]).find("hw/991").hints() == []
