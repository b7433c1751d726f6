"""judge attempt --open: the solution in the user's editor."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from judge.cli.options import WrongUse
from judge.practice.desk import shown

VARIABLES = ("VISUAL", "EDITOR")
# Editors that take over the terminal; any other program is taken for one with a window of its own.
IN_A_TERMINAL = {
    *("vi", "vim", "nvim", "nano", "pico", "micro", "hx", "helix", "kak", "joe", "ne", "mg", "jed", "mcedit", "ed"),
    *("editor", "sensible-editor"),  # what Debian calls the one that was chosen
}
WITHOUT_WINDOWS = ("-nw", "-t", "-tty", "--tty", "--no-window-system")  # options of emacs and emacsclient
FAILS_WITHIN = 1.0  # seconds: a program that cannot open the file says so at once, others may run as long as they like


@dataclass(frozen=True)
class Editor:
    """What opens a file: a command, to which the file is added."""

    command: Sequence[str]
    in_terminal: bool

    @property
    def name(self) -> str:
        return Path(self.command[0]).name

    def open(self, file: Path) -> None:
        """Opens the file: one in the terminal has it until it ends, another is left alone. Raises WrongUse."""
        command = [*self.command, str(file)]
        try:
            if self.in_terminal:
                if not (sys.stdin.isatty() and sys.stdout.isatty()):
                    raise WrongUse(f"cannot open {shown(file)}: {self.name} needs a terminal; {_ADVICE}")
                status: int | None = subprocess.run(command).returncode
            else:
                status = _left_alone(command)
        except OSError as error:
            raise WrongUse(f"cannot open {shown(file)} with {self.name}: {error.strerror}; {_ADVICE}") from None
        if status:
            raise WrongUse(f"cannot open {shown(file)}: {self.name} ended with status {status}; {_ADVICE}")


_ADVICE = "VISUAL or EDITOR names another editor"


def find_editor() -> Editor:
    """$VISUAL, $EDITOR, or what the system opens files with; raises WrongUse where none of them can be used."""
    for variable in VARIABLES:
        given = os.environ.get(variable, "").strip()
        if not given:
            continue
        try:
            command = shlex.split(given)
        except ValueError as error:
            raise WrongUse(f"{variable} is no command: {error}: {given}") from None
        if shutil.which(command[0]) is None:
            raise WrongUse(f"{variable} names {command[0]}, which is not installed")
        return Editor(command, _in_terminal(command))
    if sys.platform == "darwin":
        return Editor(["open", "-t"], False)  # -t: the default program of a .py file may be one that runs it
    if _has_screen() and shutil.which("xdg-open"):
        return Editor(["xdg-open"], False)
    raise WrongUse("--open finds no editor; set VISUAL or EDITOR to yours, such as EDITOR=vim")


def _in_terminal(command: Sequence[str]) -> bool:
    name = Path(command[0]).name
    if name in ("emacs", "emacsclient"):
        return any(option in WITHOUT_WINDOWS for option in command[1:]) or not _has_screen()
    return name in IN_A_TERMINAL


def _has_screen() -> bool:
    return sys.platform == "darwin" or any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))


def _left_alone(command: Sequence[str]) -> int | None:
    """Starts a program that neither Ctrl-C nor the end of this one ends; its status if it ends at once."""
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        return process.wait(FAILS_WITHIN)
    except subprocess.TimeoutExpired:
        process.returncode = 0  # it is nobody's business any more
        return None
