"""judge verify --mutants: what passes is shown, what is known to be equivalent is not."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from judge.cli import run

CENTRED = "centred = x - x.mean({}, keepdim=True)"
SCALED = "return centred / (centred.square().mean({}, keepdim=True) + 1e-5).sqrt()"
KNOWN = [  # the pack's check draws matrices only, so its last dimension is 1 too
    ("UNUSED = 1", "UNUSED = 0"),
    ("UNUSED = 1", "UNUSED = 2"),
    (CENTRED.format("-1"), CENTRED.format("1")),
    (SCALED.format("-1"), SCALED.format("1")),
]
PACK = Path(__file__).parents[1] / "hostile" / "pack"


@pytest.fixture
def pack(tmp_path, monkeypatch):
    monkeypatch.setenv("JUDGE_DATA", str(tmp_path / "data"))
    shutil.copytree(PACK, tmp_path / "pack")
    reference = tmp_path / "pack/reference/normalise/solution.py"
    reference.write_text(reference.read_text() + "\n\nUNUSED = 1\n")  # whatever it is, nobody can tell
    return tmp_path / "pack"


def verify(pack, *more):
    return run(["verify", "normalise", "--problems", str(pack), "--mutants", "--device", "cpu", *more])


def test_survivors_are_shown_until_they_are_known_to_be_equivalent(pack, capsys, tmp_path):
    assert verify(pack, "--out", str(tmp_path / "checks.md")) == 1
    said = capsys.readouterr().out
    assert "- UNUSED = 1" in said
    assert "+ UNUSED = 2" in said
    assert "| pack/normalise |" in (tmp_path / "checks.md").read_text()

    entries = [f'[[mutant]]\nbefore = "{before}"\nafter = "{after}"\nwhy = "?"\n' for before, after in KNOWN]
    (pack / "reference/normalise/equivalent.toml").write_text("".join(entries))
    assert verify(pack) == 0
    assert "4 more are equivalent" in capsys.readouterr().out

    with (pack / "reference/normalise/equivalent.toml").open("a") as file:
        file.write('[[mutant]]\nbefore = "x = 1"\nafter = "x = 2"\nwhy = "?"\n')
    assert verify(pack) == 1
    assert "equivalent.toml lists a mutant that is killed or not made" in capsys.readouterr().out


def test_a_list_that_cannot_be_read_is_told(pack, capsys):
    (pack / "reference/normalise/equivalent.toml").write_text("[[mutant]]\nbefore = 3\n")
    assert verify(pack) == 2
    assert "equivalent.toml" in capsys.readouterr().err


def test_sample_and_seeds_are_refused_where_they_mean_nothing(pack, capsys):
    assert verify(pack, "--seeds", "3") == 2
    assert run(["verify", "normalise", "--problems", str(pack), "--sample", "3"]) == 2
    assert "--sample is for --mutants" in capsys.readouterr().err
