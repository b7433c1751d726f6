"""A small problem, a judge with short limits, and things around it that a hostile solution would like to get at."""

from __future__ import annotations

import os
import re
import shutil
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import psutil
import pytest

from judge import subjects
from judge.grading import Judge, Solution
from judge.problems import Problem, packs
from judge.sandbox.limits import Limits

HERE = Path(__file__).parent
MARK = f"judge-hostile-{os.getpid()}"
RIGHT = HERE / "pack/reference/normalise/solution.py"
SECONDS_TO_IMPORT = 2.0
SECONDS_TO_WAIT = 6.0


@dataclass
class Place:
    """What is around the judge, and whether all of it is still as it was."""

    root: Path
    sockets: dict[str, socket.socket] = field(default_factory=dict)

    def __post_init__(self) -> None:
        shutil.copytree(HERE / "pack", self.root / "pack")
        (self.root / "outside").mkdir()
        (self.root / "outside/grades.csv").write_text("ada,100\n")
        (self.root / "other.py").write_text(RIGHT.read_text())
        for path in (self.root, *self.root.rglob("*")):
            path.chmod(0o777)  # what the file system alone would allow
        for name, family, kind, address in (
            ("TCP", socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", 0)),
            ("UDP", socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", 0)),
            ("UNIX", socket.AF_UNIX, socket.SOCK_STREAM, str(self.root / "socket")),
            ("ABSTRACT", socket.AF_UNIX, socket.SOCK_STREAM, f"\0{MARK}"),
        ):
            one = self.sockets[name] = socket.socket(family, kind)
            one.bind(address)
            if kind == socket.SOCK_STREAM:
                one.listen(64)
            one.setblocking(False)
        (self.root / "socket").chmod(0o777)

    def fill(self, text: str) -> str:
        """The text of a solution with the real names of what it attacks."""
        names = {
            "JUDGE": os.getpid(),
            "PACK": self.root / "pack",
            "OUTSIDE": self.root / "outside",
            "OTHER": self.root / "other.py",
            "HOME": Path.home(),
            "MARK": MARK,
            "UNIX": self.root / "socket",
            "ABSTRACT": MARK,
            "TCP": self.sockets["TCP"].getsockname()[1],
            "UDP": self.sockets["UDP"].getsockname()[1],
        }
        return re.sub(r"@([A-Z]+)@", lambda found: str(names[found[1]]), text)

    def files(self) -> dict[str, bytes]:
        """Every file that a solution could have left or changed, with its content."""
        left = [path for folder in ("/tmp", "/dev/shm", "/var/tmp") for path in Path(folder).glob(f"*{MARK}*")]
        inside = [path for path in self.root.rglob("*") if path.is_file()]
        return {str(path): path.read_bytes() for path in (*inside, *left)}

    def visitors(self) -> list[str]:
        """The sockets to which somebody has connected or sent something."""
        found = []
        for name, one in self.sockets.items():
            try:
                one.accept() if one.type == socket.SOCK_STREAM else one.recv(100)
                found.append(name)
            except BlockingIOError:
                pass
        return found


def shared_memory() -> str:
    """The segments of System V shared memory."""
    path = Path("/proc/sysvipc/shm")
    return path.read_text() if path.exists() else ""


def processes() -> int:
    """How many processes the judge has: the nursery's, and a worker that is kept ready."""
    return len(psutil.Process().children(recursive=True))


@pytest.fixture(scope="session")
def family(engine: Judge) -> int:
    """How many processes belong to a judge that has nothing to do."""
    return processes()


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    root = tmp_path_factory.mktemp("place")
    place = Place(root)
    yield place
    for one in place.sockets.values():
        one.close()


@pytest.fixture(scope="session")
def problem(place: Place) -> Problem:
    return packs([place.root / "pack"]).find("normalise")


@contextmanager
def hostile_engine(place: Place, cache: Path) -> Iterator[Judge]:
    """A judge with short limits that has judged the right solution once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JUDGE_TEST_SECRET", "of the tests")
        patch.setattr(subjects, "LOAD_CPU_SECONDS", SECONDS_TO_IMPORT)
        patch.setattr(subjects, "Limits", partial(Limits, wall_seconds=SECONDS_TO_WAIT))
        with Judge(devices=["cpu"], seed=5, secret="of the tests", cache=cache) as judge:
            report = judge.judge(packs([place.root / "pack"]).find("normalise"), Solution.read(RIGHT))
            assert report.accepted, report
            time.sleep(1)  # until the next worker is ready
            yield judge


@pytest.fixture(scope="session")
def engine(place: Place, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Judge]:
    with hostile_engine(place, tmp_path_factory.mktemp("cache")) as judge:
        yield judge
