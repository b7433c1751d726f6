"""A zip that Gradescope takes as an autograder: `judge gradescope-pack hw3.toml`.

setup.sh          run once, when the zip is uploaded: Python's packages
run_autograder    run for each submission, by judge/classroom/gradescope.py
settings.json     the assignment as it was read here, seed, devices, isolation
requirements.txt  what judge needs
judge/            this program
problems/, reference/, packs/NAME/problems/, packs/NAME/reference/    the problems of the assignment
"""

from __future__ import annotations

import io
import os
import secrets
import zipfile
from collections.abc import Iterator, Sequence
from importlib.metadata import requires, version
from pathlib import Path

import msgspec

import judge
from judge.classroom.assignment import Assignment, pack_assignment
from judge.classroom.packing import add
from judge.classroom.results import replace
from judge.problems import Packs

SETUP, RUN, SETTINGS, REQUIREMENTS = "setup.sh", "run_autograder", "settings.json", "requirements.txt"

_SETUP = """\
#!/usr/bin/env bash
# Run once by Gradescope: Python 3.11 or newer with what judge needs. Choose Ubuntu 24.04 or newer as the base image.
set -euo pipefail
root=${{1:-${{JUDGE_AUTOGRADER_ROOT:-/autograder}}}}
apt-get update
apt-get install -y python3 python3-venv
python3 -m venv "$root/venv"
"$root/venv/bin/pip" install --no-cache-dir --index-url https://download.pytorch.org/whl/cpu {torch}
"$root/venv/bin/pip" install --no-cache-dir -r "$root/source/requirements.txt"
# The autograder's files are root's alone: a solution runs as another user.
chmod -R go-rwx "$root/source"
"""
_RUN = """\
#!/usr/bin/env bash
# Run by Gradescope for each submission: reads submission/, writes results/results.json.
set -euo pipefail
root=${1:-${JUDGE_AUTOGRADER_ROOT:-/autograder}}
export PYTHONPATH=$root/source
exec "${JUDGE_AUTOGRADER_PYTHON:-$root/venv/bin/python}" -m judge.classroom.gradescope "$root"
"""


class Settings(msgspec.Struct, frozen=True):
    """What the autograder is to know; `assignment` is what `pack_assignment` made."""

    assignment: str
    seed: int
    secret: str
    devices: list[str]
    require_isolation: str
    jobs: int


def write_pack(
    assignment: Assignment, packs: Packs, to: Path, *, devices: Sequence[str], require_isolation: str, jobs: int
) -> None:
    """Writes the zip; every submission is judged with the same secret seed, which is drawn here."""
    settings = Settings(
        assignment=pack_assignment(assignment),
        seed=int.from_bytes(os.urandom(6), "big"),
        secret=secrets.token_hex(16),
        devices=list(devices),
        require_isolation=require_isolation,
        jobs=jobs,
    )
    pytorch = [f"{name}=={version(name).partition('+')[0]}" for name in ("torch", "torchvision")]
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        add(archive, SETUP, _SETUP.format(torch=" ".join(pytorch)), executable=True)
        add(archive, RUN, _RUN, executable=True)
        add(archive, SETTINGS, msgspec.json.encode(settings))
        add(archive, REQUIREMENTS, "\n".join(_requirements()) + "\n")
        package = Path(judge.__file__).parent
        for file in _files(package, leave_out="bundled"):
            add(archive, f"judge/{file.relative_to(package).as_posix()}", file.read_bytes())
        archive.mkdir("problems")  # judge looks there even where all the problems are of other packs
        for slug in assignment.points:
            problem = packs.read(slug)
            pack = slug.rpartition("/")[0]
            place = f"packs/{pack}/" if pack else ""
            for path, content in problem.files().items():
                add(archive, f"{place}{path}", content)
    replace(to, packed.getvalue())


def _files(folder: Path, leave_out: str) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        if path.is_file() and "__pycache__" not in parts and parts[0] != leave_out and not path.name.startswith("."):
            yield path


def _requirements() -> Iterator[str]:
    """What judge needs besides torch, which setup.sh takes from PyTorch's own index."""
    for requirement in requires("judge") or ():
        if "extra ==" not in requirement and not requirement.startswith("torch"):
            yield requirement
