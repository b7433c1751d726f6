"""Unpacking a zip that students' files are in: nothing in it is trusted, and nothing is written outside of one folder.

A name that leads outside, a link, a device, a second file of the same name, and what is larger than the limits are
refused one by one, each with a reason; sizes are counted while unpacking, whatever the archive says they are.
"""

from __future__ import annotations

import os
import re
import stat
import unicodedata
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

MIB = 1 << 20
CHUNK = 1 << 16
IGNORED = ("__pycache__", "__MACOSX")  # and whatever is hidden


class UnusableArchive(ValueError):
    """The whole archive cannot be unpacked; the message says why, without the archive's name."""


@dataclass(frozen=True)
class Limits:
    """What an archive may become."""

    files: int = 20_000
    entries: int = 200_000  # also those that are skipped
    one: int = 64 * MIB
    total: int = 2048 * MIB
    ratio: int = 200  # of what comes out to what is in the archive, for an entry that becomes larger than a MiB


@dataclass(frozen=True)
class Refused:
    """An entry that was not unpacked."""

    name: str
    reason: str


def is_ignored(name: str) -> bool:
    """Whether a file or folder of that name is nobody's work: hidden, or made by a program."""
    return name.startswith(".") or name in IGNORED


def unpack(archive: Path, folder: Path, limits: Limits | None = None) -> list[Refused]:
    """Unpacks into an empty folder; returns what was refused. Raises UnusableArchive, and OSError for a full disk."""
    try:
        with zipfile.ZipFile(archive) as opened:
            return _Unpacking(opened, folder, limits or Limits()).run()
    except (zipfile.BadZipFile, NotImplementedError, UnicodeError, EOFError) as error:
        raise UnusableArchive(f"this is no zip, or a damaged one ({_one_line(error)})") from None
    except (ValueError, OverflowError, IndexError, RecursionError, MemoryError) as error:
        if isinstance(error, UnusableArchive):
            raise
        raise UnusableArchive(f"the zip is damaged ({_one_line(error)})") from None


class _Unpacking:
    def __init__(self, opened: zipfile.ZipFile, folder: Path, limits: Limits) -> None:
        self.opened = opened
        self.folder = folder
        self.limits = limits
        self.refused: list[Refused] = []
        self.files: set[str] = set()  # folded: "A.py" and "a.py" are one file on many disks
        self.folders: set[str] = set()
        self.written = 0

    def run(self) -> list[Refused]:
        entries = self.opened.infolist()
        if len(entries) > self.limits.entries:
            raise UnusableArchive(f"the zip has {len(entries)} entries; {self.limits.entries} are the most")
        if any(entry.flag_bits & 0x1 for entry in entries):
            raise UnusableArchive("the zip is encrypted; unpack it with its password and give the folder")
        beyond = 0
        for entry in entries:
            parts = [part for part in entry.filename.split("/") if part not in ("", ".")]
            if ".." not in parts and "\\" not in entry.filename and any(map(is_ignored, parts)):
                continue
            if reason := _fault(entry):
                self._refuse(entry, reason)
            elif entry.is_dir():
                self._make_folder(entry, parts)
            elif len(self.files) >= self.limits.files:
                beyond += 1
            else:
                self._write(entry, parts)
        if beyond:
            self.refused.append(Refused("", f"{beyond} more files; {self.limits.files} are the most for one zip"))
        return self.refused

    def _refuse(self, entry: zipfile.ZipInfo, reason: str) -> None:
        self.refused.append(Refused(entry.filename, reason))

    def _make_folder(self, entry: zipfile.ZipInfo, parts: list[str]) -> bool:
        """Makes the folder, and those that it is in."""
        for depth in range(1, len(parts) + 1):
            folded = _folded(parts[:depth])
            if folded in self.files:
                self._refuse(entry, "a file of that name is in the zip already")
                return False
            self.folders.add(folded)
        try:
            self.folder.joinpath(*parts).mkdir(mode=0o700, parents=True, exist_ok=True)
        except (OSError, ValueError) as error:
            self._refuse(entry, f"no file can have that name ({_one_line(error)})")
            return False
        return True

    def _write(self, entry: zipfile.ZipInfo, parts: list[str]) -> None:
        folded = _folded(parts)
        if not parts or folded in self.files or folded in self.folders:
            self._refuse(entry, "a file of that name is in the zip already" if parts else "it has no name")
            return
        if not self._make_folder(entry, parts[:-1]):
            return
        path = self.folder.joinpath(*parts)
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0), 0o600)
        except (OSError, ValueError) as error:
            self._refuse(entry, f"no file can have that name ({_one_line(error)})")
            return
        self.files.add(folded)
        with os.fdopen(descriptor, "wb") as file:
            reason = self._copy(entry, file.write)
        if reason is not None:
            path.unlink()
            self._refuse(entry, reason)

    def _copy(self, entry: zipfile.ZipInfo, write: Callable[[bytes], object]) -> str | None:
        """Copies the content; returns why it was given up, if it was."""
        limits, size = self.limits, 0
        try:
            with self.opened.open(entry) as content:
                while chunk := content.read(CHUNK):
                    size += len(chunk)
                    self.written += len(chunk)
                    if size > limits.one:
                        return f"it is larger than {_size(limits.one)}"
                    if self.written > limits.total:
                        return f"the zip becomes larger than {_size(limits.total)}"
                    if size > MIB and size > limits.ratio * max(entry.compress_size, 1):
                        return f"it grows more than {limits.ratio} times: this is no one's work"
                    _write_all(write, chunk)
        except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, RuntimeError, NotImplementedError) as error:
            return f"it is damaged, or packed in a way that judge does not know ({_one_line(error)})"
        except _WriteFailed as error:
            raise error.cause from None
        except Exception as error:  # the decompressors for bz2 and lzma raise what they like
            return f"it is damaged ({_one_line(error)})"
        return None


class _WriteFailed(Exception):
    def __init__(self, cause: OSError) -> None:
        self.cause = cause


def _write_all(write: Callable[[bytes], object], chunk: bytes) -> None:
    try:
        write(chunk)
    except OSError as error:  # the disk is full: that is not the entry's fault
        raise _WriteFailed(error) from None


def _fault(entry: zipfile.ZipInfo) -> str | None:
    """Why an entry is refused before anybody looks into it."""
    name = entry.filename
    if "\\" in name:
        return "its name has a backslash"
    if name.startswith("/") or re.match(r"[A-Za-z]:", name):
        return "its name leads out of the folder"
    if ".." in name.split("/"):
        return "its name leads out of the folder"
    if any(unicodedata.category(sign) == "Cc" for sign in name):
        return "its name has control characters"
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if kind == stat.S_IFLNK:
        return "it is a link"
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "it is no ordinary file"
    return None


def _folded(parts: list[str]) -> str:
    return unicodedata.normalize("NFC", "/".join(parts)).casefold()


def _size(size: int) -> str:
    return f"{size // MIB} MiB" if size >= MIB else f"{size} bytes"


def _one_line(error: BaseException) -> str:
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return " ".join((text or type(error).__name__).split())[:100]
