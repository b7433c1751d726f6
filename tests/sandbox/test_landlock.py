"""Files that a solution may read and write."""

import os
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

import pytest

import judge
from judge.sandbox import landlock
from judge.sandbox.readable import everybody_can_read, granted, readable_paths

from .forks import in_child

here = pytest.mark.skipif(landlock.abi_version() == 0, reason="the kernel has no Landlock")
PACKAGE = Path(judge.__file__).resolve().parent


def tree(root, *names):
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return root


@here
def test_named_folders_are_all_there_is(tmp_path):
    tree(tmp_path, "read/deep/a", "write/b", "hidden/c")
    names = str(tmp_path / "read"), str(tmp_path / "write")

    def box():
        landlock.restrict([names[0], "/does/not/exist"], [names[1]], ["/dev/null"])

    assert in_child(box, (tmp_path / "read/deep/a").read_text).text == "read/deep/a"
    assert in_child(box, lambda: os.listdir(tmp_path / "read/deep")).gained
    assert in_child(box, lambda: (tmp_path / "write/new").write_text("1")).gained
    assert in_child(box, lambda: Path("/dev/null").write_text("1")).gained
    for refused in (
        lambda: (tmp_path / "read/deep/a").write_text("changed"),
        lambda: (tmp_path / "hidden/c").read_text(),
        lambda: (tmp_path / "read/../hidden/c").read_text(),
        lambda: os.listdir(tmp_path),
        lambda: os.listdir("/"),
        lambda: (tmp_path / "new").mkdir(),
        lambda: (tmp_path / "hidden/c").unlink(),
        lambda: (tmp_path / "hidden/c").rename(tmp_path / "write/c"),
        lambda: os.link(tmp_path / "hidden/c", tmp_path / "write/c"),
        lambda: os.mknod(tmp_path / "write/null", 0o020666, os.makedev(1, 3)),
    ):
        assert not in_child(box, refused).gained


@here
def test_a_link_does_not_lead_out(tmp_path):
    tree(tmp_path, "write/b", "hidden/c")

    def follow():
        os.symlink(tmp_path / "hidden/c", tmp_path / "write/link")
        return (tmp_path / "write/link").read_text()

    assert in_child(lambda: landlock.restrict([], [str(tmp_path / "write")]), follow).text.startswith("PermissionError")


@here
@pytest.mark.skipif(landlock.abi_version() < 2, reason="version 1 has no renaming between folders")
def test_files_move_between_folders_of_ones_own(tmp_path):
    tree(tmp_path, "write/one/a", "write/two/b")

    def move():
        os.replace(tmp_path / "write/one/a", tmp_path / "write/two/a")

    assert in_child(lambda: landlock.restrict([], [str(tmp_path / "write")]), move).gained


@here
def test_a_second_restriction_gives_nothing_back(tmp_path):
    tree(tmp_path, "hidden/c")
    steps = [lambda: landlock.restrict([], []), lambda: landlock.restrict([str(tmp_path)], [])]
    assert not in_child(*steps, (tmp_path / "hidden/c").read_text).gained


def test_nothing_of_the_judge_can_be_read():
    readable = [Path(path) for path in readable_paths()]
    ours = [PACKAGE, Path(__file__).resolve(), *(path for path in PACKAGE.parent.glob("reference/*"))]
    for secret in ours:
        assert not any(secret.is_relative_to(path) for path in readable), secret
    for path in readable:
        assert not PACKAGE.is_relative_to(path), path
        assert not path.name.startswith(("judge-", "__editable__")), path
        assert path.suffix != ".pth", path


def test_python_and_its_packages_can_be_read():
    readable = [Path(path) for path in readable_paths()]
    for module in ("json", "wave", "msgspec", "torch", "numpy"):
        origin = Path(find_spec(module).origin).resolve()
        assert any(origin.is_relative_to(path) for path in readable), module
    assert all(path.exists() for path in readable)
    assert len(set(readable)) == len(readable)


def test_a_folder_is_taken_apart_only_where_something_is_hidden(tmp_path):
    site = "repository/.venv/lib/site-packages"
    tree(tmp_path, f"{site}/torch/a", f"{site}/judge/b", f"{site}/six.py", "repository/reference/c", "library/d")
    (tmp_path / site / "linked").symlink_to(tmp_path / "library")
    hidden = [str(tmp_path / "repository"), str(tmp_path / site / "judge")]
    names = sorted(os.path.relpath(path, tmp_path) for path in granted(str(tmp_path / site), hidden))
    assert names == ["library", f"{site}/six.py", f"{site}/torch"]
    assert list(granted(str(tmp_path / "library"), hidden)) == [str(tmp_path / "library")]
    assert list(granted(str(tmp_path / "repository"), hidden)) == []
    assert list(granted(str(tmp_path / "missing"), hidden)) == []


def test_whether_everybody_can_read_depends_on_the_folders_above():
    with tempfile.TemporaryDirectory() as above:  # tmp_path lies in a private folder
        tree(Path(above), "python/a")
        os.chmod(above, 0o755)
        assert everybody_can_read([f"{above}/python/a"])
        os.chmod(above, 0o700)
        assert not everybody_can_read([f"{above}/python/a"])


def test_other_systems_import_the_layers_and_find_none():
    """As on macOS: the modules import, and every layer but the limits says that it is not available."""
    program = """
import sys, platform
sys.platform, platform.machine = "darwin", lambda: "arm64"
from judge.sandbox import isolation, landlock, namespaces, seccomp
layers = isolation.detect()
assert landlock.abi_version() == 0 and not seccomp.available() and not namespaces.available()
assert (layers.namespaces, layers.landlock, layers.seccomp, layers.other_user) == (False, 0, False, False)
print(isolation.level(layers), len(isolation.explain(layers)))
"""
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert result.stdout == "L0 5\n", result.stderr
