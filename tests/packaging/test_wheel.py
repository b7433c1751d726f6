"""The wheel has everything: installed somewhere else, in an empty folder, judge works."""

import os
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built as a release is: the source archive from the checkout, the wheel from that."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(REPOSITORY)]
    subprocess.run(command, check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def program(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`judge` of that wheel in a virtual environment of its own, which borrows torch and the rest from this one."""
    venv = tmp_path_factory.mktemp("elsewhere") / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(venv)], check=True)
    python = venv / "bin/python"
    install = [sys.executable, "-m", "pip", "--python", str(python), "install", "--no-deps", "--no-index", str(wheel)]
    subprocess.run(install, check=True, capture_output=True)
    (packages,) = venv.glob("lib/python*/site-packages")
    # A path in a .pth file is searched, but the .pth files there are not read: this checkout stays unknown.
    (packages / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return venv / "bin/judge"


def run(program: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "JUDGE_DATA": str(folder.parent / "data")}
    return subprocess.run(
        [program, *arguments], cwd=folder, env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL
    )


def test_the_wheel_has_every_problem_with_both_halves(wheel):
    packed = set(zipfile.ZipFile(wheel).namelist())
    for half in ("problems", "reference"):
        for path in (REPOSITORY / half).rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                assert f"judge/bundled/{path.relative_to(REPOSITORY).as_posix()}" in packed
    assert {"judge/report/schema.json", "judge/cli/__init__.py"} <= packed


def test_in_an_empty_folder_a_candidate_can_start(program, tmp_path):
    desk = tmp_path / "desk"
    desk.mkdir()
    listed = run(program, desk, "list")
    assert "self-attention" in listed.stdout
    started = run(program, desk, "attempt", "25")
    assert "Wrote solutions/25-self-attention.py" in started.stdout
    assert "NotImplementedError" in (desk / "solutions/25-self-attention.py").read_text()


def test_the_installed_judge_accepts_the_installed_reference(program, tmp_path):
    desk = tmp_path / "desk"
    desk.mkdir()
    (desk / "mine.py").write_text(run(program, desk, "reveal", "25", "--yes").stdout)
    done = run(program, desk, "attempt", "25", "mine.py", "--device", "cpu")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "100/100" in done.stdout


def test_an_editable_install_copies_no_problems(tmp_path):
    command = [sys.executable, "-m", "pip", "install", "--no-deps", "--no-index", "--no-build-isolation", "--target"]
    subprocess.run([*command, str(tmp_path), "--editable", str(REPOSITORY)], check=True, capture_output=True)
    assert not (tmp_path / "judge").exists()
