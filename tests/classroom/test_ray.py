"""A class graded on a real Ray cluster whose nodes are processes on this machine."""

from __future__ import annotations

import contextlib
import csv
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from judge.classroom import ALL_GRADED, INTERRUPTED, JUDGE_FAILED, WRONG_USE

from .classes import GONE, RIGHT, SLOW, WRONG, Class, hand_in, reports, tiny_pack

SMALL = {"num_cpus": 1, "object_store_memory": 80_000_000}
QUICK = {"health_check_initial_delay_ms": 0, "health_check_period_ms": 500, "health_check_failure_threshold": 4}


@pytest.fixture(scope="module")
def cluster(tmp_path_factory) -> Iterator[Any]:
    """A head that only directs and two nodes with a CPU each; one that died is noticed within seconds."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patch.setenv("RAY_AUTH_MODE", "token")
        patch.setenv("RAY_AUTH_TOKEN", secrets.token_hex(32))
        patch.setenv("JUDGE_DATA", str(tmp_path_factory.mktemp("data")))
        pytest.importorskip("ray", reason="Ray is not installed: pip install 'judge[ray]'")  # reads them once
        from ray.cluster_utils import Cluster

        cluster = Cluster(initialize_head=True, head_node_args={**SMALL, "num_cpus": 0, "_system_config": QUICK})
        for _ in range(2):
            cluster.add_node(**SMALL)
        yield cluster
        cluster.shutdown()


class OnRay(Class):
    """A class that another process grades on the cluster."""

    def __init__(self, cluster: Any, folder: Path, out: Path, pack: Path) -> None:
        super().__init__(folder, out, pack)
        command = [
            sys.executable,
            "-P",
            "-m",
            "judge",
            "grade",
            str(folder),
            "--problems",
            str(pack),
            "--out",
            str(out),
        ]
        self.command = [*command, "--engine", "ray", "--address", cluster.address]

    def begin(self, *options: str) -> subprocess.Popen[str]:
        quiet = subprocess.DEVNULL
        command = [*self.command, *options]
        return subprocess.Popen(command, cwd=self.folder, stdout=quiet, stderr=subprocess.PIPE, text=True)

    def begin_and_wait_for_a_report(self) -> subprocess.Popen[str]:
        before, process = len(reports(self.out)), self.begin("--device", "cpu")
        wait_until(lambda: len(reports(self.out)) > before or process.poll() is not None)
        assert process.poll() is None, process.stderr.read()
        return process


def wait_until(seen: Callable[[], Any]) -> None:
    deadline = time.monotonic() + 90
    while not seen() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert seen()


def judges_on(node: Any) -> list[psutil.Process]:
    """The processes on a node that have a judge in them."""
    found = []
    for process in psutil.Process(node.all_processes["raylet"][0].process.pid).children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            if process.cmdline()[:1] and process.cmdline()[0].startswith("ray::Node"):
                found.append(process)
    return found


def slow_class(cluster: Any, folder: Path) -> OnRay:
    files = {f"s{number}/991.py": SLOW.format(number).replace("0.5", "2") for number in range(3, 9)}
    pack = tiny_pack(folder / "tiny")
    return OnRay(cluster, hand_in(folder / "class", {"fast/991.py": RIGHT, **files}), folder / "out", pack)


def lasting(value: Any) -> Any:
    """Without what differs from run to run."""
    if isinstance(value, dict):
        return {name: lasting(item) for name, item in value.items() if name not in ("seconds", "started_at")}
    return [lasting(item) for item in value] if isinstance(value, list) else value


def test_the_grades_are_the_same_as_on_one_machine(cluster, tmp_path):
    files = {"ada/991.py": RIGHT, "ben/991.py": WRONG, "cleo/991.py": GONE, "dora/991.py": "def", "emil/992.py": RIGHT}
    # Ray lets nodes import from the folder that the driver was started in, which here is the students'.
    files["hypothesis.py"] = f"open({str(tmp_path / 'imported')!r}, 'w')"
    folder, pack = hand_in(tmp_path / "class", files), tiny_pack(tmp_path / "tiny")
    there, here = OnRay(cluster, folder, tmp_path / "there", pack), Class(folder, tmp_path / "here", pack)
    process = there.begin("--device", "cpu", "--seed", "7")
    assert here.grade(seed=7) == JUDGE_FAILED  # nobody can judge what emil handed in
    told = process.communicate()[1]
    assert process.returncode == JUDGE_FAILED, told
    assert [there.by_student[name]["score"] for name in ("ada", "ben", "cleo", "dora", "emil")] == [100, 0, 0, 0, None]
    assert lasting(there.results["results"]) == lasting(here.results["results"])
    assert rows(there.out / "grades.csv") == rows(here.out / "grades.csv")
    assert not (tmp_path / "imported").exists()


def rows(path: Path) -> list[list[str]]:
    return list(csv.reader(path.read_text().splitlines()))


def test_a_node_that_dies_loses_nothing_and_one_that_joins_is_used(cluster, tmp_path):
    slow = slow_class(cluster, tmp_path)
    first, second = cluster.worker_nodes
    cluster.remove_node(second)
    process = slow.begin_and_wait_for_a_report()
    for _ in range(2):
        cluster.add_node(**SMALL)
    cluster.remove_node(first, allow_graceful=False)
    told = process.communicate()[1]
    assert process.returncode == ALL_GRADED, told
    assert f"({first.node_id[:8]}) is lost; the 1 it was judging are given out again" in told
    assert "Traceback" not in told
    assert sorted(slow.by_student) == ["fast", *(f"s{number}" for number in range(3, 9))]
    assert [one["score"] for one in slow.by_student.values()] == [100, 0, 0, 0, 0, 0, 0]


def test_stopped_or_killed_and_started_again_it_goes_on(cluster, tmp_path):
    slow = slow_class(cluster, tmp_path)
    process = slow.begin_and_wait_for_a_report()
    process.send_signal(signal.SIGINT)
    told = process.communicate()[1]
    assert process.returncode == INTERRUPTED, told
    assert "what runs is finished" in told
    after_ctrl_c = reports(slow.out)
    assert slow.results["finished"] is False
    process = slow.begin_and_wait_for_a_report()
    process.kill()
    process.communicate()
    after_kill = reports(slow.out)
    assert after_ctrl_c.items() < after_kill.items()
    process = slow.begin("--device", "cpu")
    told = process.communicate()[1]
    assert process.returncode == ALL_GRADED, told
    assert after_kill.items() <= reports(slow.out).items()
    assert len(slow.by_student) == 7
    wait_until(lambda: not any(map(judges_on, cluster.list_all_nodes())))  # nor of the driver that was killed


def test_a_node_with_another_torch_is_refused_by_name(cluster, tmp_path):
    (tmp_path / "old" / "torch-1.0.dist-info").mkdir(parents=True)
    (tmp_path / "old" / "torch-1.0.dist-info" / "METADATA").write_text("Name: torch\nVersion: 1.0\n")
    path = os.pathsep.join([str(tmp_path / "old"), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)
    old = cluster.add_node(**SMALL, num_gpus=1, env_vars={"PYTHONPATH": path})
    one = OnRay(
        cluster, hand_in(tmp_path / "class", {"ada/991.py": RIGHT}), tmp_path / "out", tiny_pack(tmp_path / "p")
    )
    process = one.begin("--device", "cuda")  # so that only nodes with a GPU are asked
    told = process.communicate()[1]
    cluster.remove_node(old)
    assert process.returncode == WRONG_USE
    assert f"({old.node_id[:8]}) is not used: it has torch 1.0" in told
    assert told.splitlines()[-1] == "judge: no node of the Ray cluster can be used"


def test_a_cluster_that_wants_a_token_says_so(cluster, tmp_path, monkeypatch):
    one = OnRay(
        cluster, hand_in(tmp_path / "class", {"ada/991.py": RIGHT}), tmp_path / "out", tiny_pack(tmp_path / "p")
    )
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    process = one.begin()
    told = process.communicate()[1]
    assert process.returncode == WRONG_USE
    assert told.startswith(f"judge: the Ray cluster at {cluster.address} wants a token")
    assert len(told.splitlines()) == 1


def test_without_ray_or_a_cluster_there_is_one_line(tmp_path):
    folder = hand_in(tmp_path / "class", {"ada/25.py": RIGHT})
    words = ["grade", str(folder), "--engine", "ray"]
    without_ray = "import sys; sys.modules['ray'] = None; from judge.cli import run; sys.exit(run(sys.argv[1:]))"
    for command, line in (
        (["-c", without_ray, *words], "judge: --engine ray needs Ray: pip install 'judge[ray]'"),
        (["-m", "judge", *words, "--address", "127.0.0.1:1"], "judge: nobody answers at 127.0.0.1:1"),
        (["-m", "judge", *words, "--address", "head"], "judge: --address is HOST:PORT"),
        (["-m", "judge", "grade", str(folder), "--address", "head:1"], "judge: --address is for --engine ray"),
    ):
        done = subprocess.run([sys.executable, *command], capture_output=True, text=True)
        assert (done.returncode, done.stdout) == (WRONG_USE, "")
        assert len(done.stderr.splitlines()) == 1
        assert done.stderr.startswith(line)
