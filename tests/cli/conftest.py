"""The `judge` program as a user runs it, with a data folder of its own and a small pack of one problem."""

import contextlib
import fcntl
import os
import pty
import shutil
import struct
import subprocess
import sys
import termios
from collections.abc import Callable
from pathlib import Path

import pytest

from judge.cli import run

SETTINGS = """
title = "Double a tensor"
title_zh = "加倍"
source = "A.1"
tags = ["warm-up"]
difficulty = "easy"
minutes = 5
requires = ["double"]
devices = ["cpu"]
order = 3
aliases = ["Multiply by two", "翻倍"]

[parts]
shape = { minutes = 1, requires = [] }
numbers = { minutes = 4, requires = ["double"] }

[mistakes]
triples = ["doubles"]
"""

CHECKS = '''
from hypothesis import strategies as some

from judge.checks import check


@check("shape", points=40, part="shape", size=some.integers(1, 3))
def keeps_the_shape(solution, make, size):
    """The shape stays."""
    return solution.double(make.normal(size)).shape


@check("values", points=60, part="numbers")
def doubles(solution, make):
    """Every number doubles."""
    return solution.double(make.normal(3))
'''

FILES = {
    "problems/77-double/problem.toml": SETTINGS,
    "problems/77-double/checks.py": CHECKS,
    "problems/77-double/stub.py": "def double(x):\n    raise NotImplementedError\n",
    "problems/77-double/statement.md": "# Double a tensor\n\nReturn $2 \\times x_i$ for each $x_i$.\n",
    "problems/77-double/statement.zh.md": "# 加倍\n\n返回 $2 x$。\n",
    "problems/77-double/hints.md": "## 1\n\nMultiply.\n\n## 2\n\nBy two.\n\n## 3\n\nWrite `2 * x`.\n",
    "problems/77-double/mistakes/triples.py": '"""You triple."""\n\ndef double(x):\n    return 3 * x\n',
    "reference/77-double/answers.md": "1. Because $2 x = x + x$.\n",
    "reference/77-double/solution.py": "def double(x):\n    return 2 * x\n",
}


@pytest.fixture(autouse=True)
def own_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the person who runs the tests is read or written."""
    monkeypatch.setenv("JUDGE_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.delenv("JUDGE_PROBLEMS", raising=False)
    monkeypatch.delenv("JUDGE_DEBUG", raising=False)


@pytest.fixture
def pack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A pack called mypack with 77-double, which JUDGE_PROBLEMS names."""
    root = tmp_path / "mypack"
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    monkeypatch.setenv("JUDGE_PROBLEMS", str(root))
    return root


def bound_by_permissions() -> list[str]:
    """What to put before a command so that it may not write what it may only read: root may, otherwise."""
    if os.geteuid() != 0:
        return []
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        pytest.skip("root may write everywhere, and there is no setpriv here to take that away")
    return [setpriv, "--bounding-set", "-dac_override", "--inh-caps", "-dac_override"]


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The empty folder in which the user works."""
    folder = tmp_path / "desk"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def judge(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """judge("list", "--json") -> exit status, stdout, stderr; in this process, for what judges nothing."""

    def call(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        status = run(arguments)
        printed = capsys.readouterr()
        return status, printed.out, printed.err

    return call


@pytest.fixture
def program() -> Callable[..., subprocess.CompletedProcess[str]]:
    """program("attempt", "77", "x.py") runs the real program."""

    def call(*arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "judge", *arguments],
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            env=dict(os.environ),
            timeout=120,
            **options,  # type: ignore[call-overload]
        )

    return call


@pytest.fixture
def terminal() -> Callable[..., tuple[int, str]]:
    """terminal("show", "77", columns=80) runs the real program on a terminal: exit status, what it shows."""

    def call(*arguments: str, columns: int = 80, answer: str = "") -> tuple[int, str]:
        ours, its = pty.openpty()
        fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
        environment = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "NO_COLOR")}
        program = subprocess.Popen(
            [sys.executable, "-m", "judge", *arguments],
            stdin=its,
            stdout=its,
            stderr=its,
            env=environment | {"TERM": "xterm-256color"},
            start_new_session=True,
        )
        os.close(its)
        os.write(ours, f"{answer}\n".encode())
        shown = b""
        with contextlib.suppress(OSError):  # how Linux says that the other end is closed
            while piece := os.read(ours, 65536):
                shown += piece
        os.close(ours)
        return program.wait(), shown.decode().replace("\r\n", "\n")

    return call
