"""judge attempt --open: the solution in the user's editor."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

FILE = "solutions/mypack/77-double.py"


@pytest.fixture
def editor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """editor("vim", "script") is an editor of that name that runs a shell script, with the file as $1."""
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:/usr/bin:/bin")
    for name in ("VISUAL", "EDITOR", "DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)

    def make(name: str, script: str) -> None:
        path = tmp_path / "bin" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    return make


def test_an_editor_with_a_window_opens_and_nobody_waits_for_it(judge, pack, desk, editor, monkeypatch):
    editor("code", 'echo "$@" > opened; sleep 3')
    monkeypatch.setenv("VISUAL", "code --wait")
    monkeypatch.setenv("EDITOR", "vim")
    status, out, _ = judge("attempt", "77", "--open")
    assert status == 1
    assert out.startswith(f"Wrote {FILE}: ")
    assert (desk / "opened").read_text() == f"--wait {desk}/{FILE}\n"


def test_without_one_the_system_is_asked(judge, pack, desk, editor, monkeypatch):
    editor("xdg-open", 'echo "$@" > opened')
    monkeypatch.setenv("DISPLAY", ":0")
    judge("attempt", "77", "mine.py", "--open", "--out", "no/such/folder.json")
    assert list(desk.iterdir()) == []  # wrong use: nothing is written or opened
    judge("attempt", "77", "--open")
    assert (desk / "opened").read_text() == f"{desk}/{FILE}\n"


def test_an_editor_in_the_terminal_comes_first_then_the_report(pack, desk, editor, monkeypatch):
    editor("vim", 'printf "def double(x):\\n    return 2 * x\\n" > "$1"')
    monkeypatch.setenv("EDITOR", "vim")
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "judge", "attempt", "77", "--open"]
    process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    printed = ""
    try:
        while part := os.read(ours, 1 << 16):
            printed += part.decode()
    except OSError:  # the program has ended
        pass
    os.close(ours)
    assert process.wait() == 0
    assert printed.index("Wrote ") < printed.index("Every check passed.")


@pytest.mark.parametrize(
    ("variables", "arguments", "told"),
    [
        ({}, [], "--open finds no editor; set VISUAL or EDITOR to yours, such as EDITOR=vim"),
        ({"EDITOR": "nosuch -x"}, [], "EDITOR names nosuch, which is not installed"),
        ({"EDITOR": "vim '"}, [], "EDITOR is no command: No closing quotation: vim '"),
        ({"EDITOR": "vim"}, [], f"cannot open {FILE}: vim needs a terminal; VISUAL or EDITOR names another editor"),
        ({"EDITOR": "vim"}, ["--watch"], "vim needs this terminal for itself: run it in another one, beside --watch"),
        ({"EDITOR": "bad"}, [], f"cannot open {FILE}: bad ended with status 3; VISUAL or EDITOR names another editor"),
    ],
)
def test_what_cannot_be_opened_is_one_line(judge, pack, desk, editor, monkeypatch, variables, arguments, told):
    editor("vim", "exit 0")
    editor("bad", "exit 3")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    status, _, err = judge("attempt", "77", "--open", *arguments)
    assert (status, err) == (2, f"judge: {told}\n")
