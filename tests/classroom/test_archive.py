"""A zip is unpacked into one folder; whatever else is in it is refused, with a reason."""

import contextlib
import stat
import zipfile
from contextlib import ExitStack
from pathlib import Path

import pytest

from judge.classroom.archive import Limits, UnusableArchive, unpack
from judge.classroom.intake import UnusablePlace, collect_places, open_places
from judge.problems import packs


def make(path: Path, *entries: tuple[str | zipfile.ZipInfo, bytes | str], packing: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", packing) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return path


def unpacked(tmp_path: Path, *entries, **limits) -> tuple[dict[str, str], set[str]]:
    into = tmp_path / "into"
    into.mkdir()
    refused = unpack(make(tmp_path / "a.zip", *entries), into, Limits(**limits))
    assert {one.name for one in tmp_path.iterdir()} == {"into", "a.zip"}
    return {one.name: one.reason for one in refused}, {
        str(one.relative_to(into)) for one in into.rglob("*") if one.is_file()
    }


def special(name: str, kind: int) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name)
    entry.external_attr = (kind | 0o777) << 16
    return entry


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("../25.py", "leads out"),
        ("ada/../../25.py", "leads out"),
        ("/tmp/25.py", "leads out"),
        ("C:/25.py", "leads out"),
        ("..\\25.py", "backslash"),
        ("ada/\n25.py", "control"),
        ("a" * 300 + ".py", "no file can have that name"),
        ("fine.py", "in the zip already"),
        ("FINE.py", "in the zip already"),
        ("fine.py/inside.py", "in the zip already"),
        (special("link.py", stat.S_IFLNK), "a link"),
        (special("device", stat.S_IFCHR), "no ordinary file"),
        (special("pipe", stat.S_IFIFO), "no ordinary file"),
    ],
)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_what_is_refused(tmp_path, name, reason):
    refused, files = unpacked(tmp_path, ("fine.py", "first"), (name, "/etc/passwd"), ("last.py", ""))
    assert files == {"fine.py", "last.py"}
    assert (tmp_path / "into" / "fine.py").read_text() == "first"
    assert [reason in one for one in refused.values()] == [True]


def test_files_are_private_and_what_programs_made_is_skipped(tmp_path):
    refused, files = unpacked(
        tmp_path,
        ("ada/25.py", ""),
        (special("ada/run.py", stat.S_IFREG | stat.S_ISUID), ""),
        ("__MACOSX/ada/._25.py", ""),
        ("ada/.DS_Store", ""),
        ("ada/__pycache__/25.pyc", ""),
    )
    assert (refused, files) == ({}, {"ada/25.py", "ada/run.py"})
    assert {stat.S_IMODE(one.stat().st_mode) for one in (tmp_path / "into" / "ada").iterdir()} == {0o600}


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        ({"one": 1 << 20}, "larger than 1 MiB"),
        ({"total": 3 << 20}, "the zip becomes larger than 3 MiB"),
        ({"ratio": 100}, "100 times"),
    ],
)
def test_limits(tmp_path, limits, reason):
    refused, files = unpacked(tmp_path, ("a.py", "x = 1\n"), ("zeros", bytes(4 << 20)), **({"ratio": 10**6} | limits))
    assert files == {"a.py"}
    assert reason in refused["zeros"]


def test_more_files_than_the_most_are_counted(tmp_path):
    refused, files = unpacked(tmp_path, *[(f"{number}.py", "") for number in range(9)], files=5)
    assert len(files) == 5
    assert refused[""].startswith("4 more files")


def test_an_entry_that_says_it_is_small_is_measured(tmp_path):
    path = make(tmp_path / "a.zip", ("zeros", bytes(4 << 20)))
    path.write_bytes(path.read_bytes().replace((4 << 20).to_bytes(4, "little"), (10).to_bytes(4, "little")))
    (tmp_path / "into").mkdir()
    (refused,) = unpack(path, tmp_path / "into", Limits(one=1 << 20))
    assert refused.name == "zeros"
    assert not list((tmp_path / "into").iterdir())


def test_one_damaged_entry_does_not_take_the_others_with_it(tmp_path):
    path = make(tmp_path / "a.zip", ("a.py", "aaaa"), ("b.py", "bbbb"), packing=zipfile.ZIP_STORED)
    path.write_bytes(path.read_bytes().replace(b"aaaa", b"axaa"))
    (tmp_path / "into").mkdir()
    (refused,) = unpack(path, tmp_path / "into")
    assert "damaged" in refused.reason
    assert (tmp_path / "into" / "b.py").read_text() == "bbbb"


def test_broken_and_encrypted_archives(tmp_path):
    whole = make(tmp_path / "a.zip", ("a.py", "x = 1\n" * 50)).read_bytes()
    locked = bytearray(whole)
    locked[whole.index(b"PK\1\2") + 8] |= 1
    for raw, reason in ((b"", "damaged"), (b"hello", "damaged"), (whole[:-9], "damaged"), (bytes(locked), "encrypted")):
        (tmp_path / "b.zip").write_bytes(raw)
        with pytest.raises(UnusableArchive, match=reason):
            unpack(tmp_path / "b.zip", tmp_path)


def test_any_damage_is_told(tmp_path):
    whole = make(tmp_path / "a.zip", ("ada/25.py", "x = 1\n" * 50), ("b.py", "y"), ("c/", "")).read_bytes()
    for position in range(len(whole)):
        for sign in (0, 0xFF):
            raw = bytearray(whole)
            raw[position] = sign
            (tmp_path / "b.zip").write_bytes(raw)
            with ExitStack() as stack, contextlib.suppress(UnusablePlace):
                places, found = open_places([tmp_path / "b.zip"], stack)
                collect_places(places, packs(), found)


def test_folders_and_zips_at_once_and_nothing_stays(tmp_path):
    (tmp_path / "class" / "ada").mkdir(parents=True)
    (tmp_path / "class" / "ada" / "25.py").write_text("x = 1\n")
    late = make(tmp_path / "late.zip", ("ben/25.py", "y = 1\n"), ("../25.py", ""), ("README", ""))
    with ExitStack() as stack:
        places, found = open_places([tmp_path / "class", late], stack)
        intake = collect_places(places, packs(), found)
        assert {one.student: one.read().source for one in intake.submissions} == {"ada": "x = 1\n", "ben": "y = 1\n"}
        assert [one.where for one in intake.submissions][1] == f"{late}/ben/25.py"
        assert {one.path for one in intake.unmatched} == {f"{late}/../25.py", f"{late}/README"}
        assert stat.S_IMODE(places[1].root.stat().st_mode) == 0o700
    assert not places[1].root.exists()


def test_a_zip_of_one_persons_files_is_called_as_the_zip(tmp_path):
    with ExitStack() as stack:
        places, found = open_places([make(tmp_path / "ada.zip", ("25.py", "x = 1\n"))], stack)
        assert [one.student for one in collect_places(places, packs(), found).submissions] == ["ada"]


def test_what_is_neither_a_folder_nor_a_zip(tmp_path):
    (tmp_path / "25.py").write_text("")
    for name, reason in (("25.py", "is a file"), ("gone.zip", "is not there")):
        with ExitStack() as stack, pytest.raises(UnusablePlace, match=reason):
            open_places([tmp_path / name], stack)
