"""Every limit of a worker is tripped by something real, and costs only that worker."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from judge.sandbox.host import Nursery, Stopped, Worker
from judge.sandbox.limits import Limits

MEBIBYTE = 1 << 20


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    sys.path.insert(0, str(Path(__file__).parent))
    try:
        with Nursery.start("probe:Probe", preload=["numpy", "probe"], later=[]) as running:
            yield running
    finally:
        sys.path.pop(0)


def run(nursery: Nursery, code: str, **limits: Any) -> Any:
    """What the code leaves in `answer`, or the verdict and sentence of the limit that it trips."""
    with nursery.worker(Limits(**limits)) as worker:
        return ask(worker, code)


def ask(worker: Worker, code: str) -> Any:
    try:
        reply = worker.ask({"op": "run", "code": code})
    except Stopped as stopped:
        return stopped.verdict, stopped.message
    return reply.get("answer", reply)


def test_a_busy_loop_is_stopped_by_its_cpu_time(nursery: Nursery) -> None:
    verdict, message = run(nursery, "while True: pass", cpu_seconds=0.3)
    assert (verdict, message) == ("timeout", "took more than 0.3 s of CPU time")


def test_something_that_waits_is_stopped_by_the_clock_and_said_to_wait(nursery: Nursery) -> None:
    verdict, message = run(nursery, "import time; time.sleep(60)", cpu_seconds=0.1, wall_seconds=0.5)
    assert verdict == "timeout"
    assert "waits for something" in message


def test_ignored_signals_do_not_help(nursery: Nursery) -> None:
    code = (
        "import signal\nfor n in range(1, 64):\n  try: signal.signal(n, signal.SIG_IGN)\n  except Exception: pass\n"
        "while True: pass"
    )
    assert run(nursery, code, cpu_seconds=0.3)[0] == "timeout"


def test_resident_memory_is_watched(nursery: Nursery) -> None:
    code = "import torch, time\nkept = []\nfor i in range(60): kept.append(torch.ones(2**21)); time.sleep(0.005)"
    verdict, message = run(nursery, code, memory_bytes=200 * MEBIBYTE)
    assert (verdict, message) == ("memory", "used more than 200 MiB of memory")


def test_a_huge_allocation_is_refused_inside(nursery: Nursery) -> None:
    assert "can't allocate memory" in run(nursery, "import torch; torch.empty(10**11)")["raised"]


def test_memory_that_is_only_shared_counts_too(nursery: Nursery) -> None:
    code = "import mmap, time\nm = mmap.mmap(-1, 2**29)\nfor i in range(0, 2**29, 4096): m[i] = 1\ntime.sleep(1)"
    assert run(nursery, code, memory_bytes=100 * MEBIBYTE)[0] == "memory"


def test_threads_are_counted(nursery: Nursery) -> None:
    code = (
        "import threading, time\n"
        "for i in range(500): threading.Thread(target=time.sleep, args=(9,), daemon=True).start()"
    )
    assert "can't start new thread" in run(nursery, code, processes=16)["raised"]


def test_no_process_can_be_started(nursery: Nursery) -> None:
    assert "PermissionError" in run(nursery, "import os; os.fork()")["raised"]
    assert "PermissionError" in run(nursery, "import subprocess; subprocess.run(['/bin/true'])")["raised"]


def test_a_file_can_only_grow_so_large(nursery: Nursery) -> None:
    result = run(nursery, "open('big', 'wb').write(b'x' * 2**23)", file_bytes=MEBIBYTE)
    assert "OSError" in str(result) or result[0] == "crashed"


def test_the_private_folder_can_only_hold_so_much(nursery: Nursery) -> None:
    code = "for i in range(64): open(f'f{i}', 'wb').write(b'x' * 2**20)\nanswer = 'all written'"
    if not nursery.layers.namespaces:
        pytest.skip("without a mount namespace the private folder is an ordinary one")
    assert "No space left" in run(nursery, code, folder_bytes=8 * MEBIBYTE)["raised"]


def test_open_files_are_counted(nursery: Nursery) -> None:
    assert "Too many open files" in run(nursery, "kept = [open('/dev/null') for _ in range(999)]")["raised"]


def test_an_answer_that_is_too_large_is_refused_before_it_is_sent(nursery: Nursery) -> None:
    code = "import torch; answer = torch.zeros(()).expand(10**12)"
    assert run(nursery, code)["refused"] == "the answer is larger than may be sent"


def test_endless_output_is_stopped_and_its_head_and_tail_are_kept(nursery: Nursery) -> None:
    with nursery.worker(Limits()) as worker:
        verdict, _ = ask(worker, "print('first')\nwhile True: print('x' * 10**6)")
        text = worker.printed()
    assert verdict == "output-limit"
    assert text.startswith("first")
    assert len(text) < 100_000


def test_crashes_say_how(nursery: Nursery) -> None:
    assert run(nursery, "import ctypes; ctypes.string_at(0)") == (
        "crashed",
        "the process was killed by SIGSEGV (Segmentation fault)",
    )
    assert run(nursery, "import os; os._exit(0)") == ("crashed", "the process ended by itself (exit status 0)")
    assert "SIGABRT" in run(nursery, "import os; os.abort()")[1]


def test_the_next_worker_knows_nothing_of_the_one_before(nursery: Nursery) -> None:
    run(nursery, "import torch; torch.left = 1; open('left', 'w').write('x')")
    assert run(nursery, "import torch, os; answer = [hasattr(torch, 'left'), os.listdir('.')]") == [False, []]


def test_two_workers_can_share_a_private_folder(nursery: Nursery) -> None:
    with nursery.worker() as first:
        assert ask(first, "import os; open('note', 'w').write('hello'); os.chmod('note', 0o600); answer = 1") == 1
        first.stop()
        with nursery.worker(folder=first.folder) as second:
            assert ask(second, "answer = open('note').read()") == "hello"


def test_a_hidden_file_in_reach_means_nothing_is_judged(tmp_path: Path) -> None:
    hidden = tmp_path / "reference.py"
    hidden.write_text("secret")
    sys.path.insert(0, str(Path(__file__).parent))
    try:
        with Nursery.start("probe:Probe", preload=["probe"], later=[]) as nursery:
            with nursery.worker(hidden_paths=[str(hidden)]) as worker:
                assert "raised" in ask(worker, f"open({str(hidden)!r})")
            # A file that every solution may read stands for one that has leaked.
            with pytest.raises(Exception, match="nothing is judged like this"):
                nursery.worker(hidden_paths=["/dev/null"])
    finally:
        sys.path.pop(0)


def test_the_environment_is_empty_of_secrets(nursery: Nursery, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("API_TOKEN", "secret")
    names = run(nursery, "import os; answer = sorted(os.environ)")
    assert "API_TOKEN" not in names
    assert run(nursery, "import os; answer = os.environ['HOME'] == os.getcwd()") is True


def test_workers_can_be_new_processes_where_forking_is_not_safe() -> None:
    sys.path.insert(0, str(Path(__file__).parent))
    try:
        with Nursery.start("probe:Probe", preload=["probe"], later=[], spawn=True) as nursery:
            assert run(nursery, "import torch; answer = float(torch.ones(3).sum())") == 3.0
            assert "PermissionError" in run(nursery, "open('/etc/passwd')")["raised"]
            assert run(nursery, "import os; os._exit(3)")[1] == "the process ended by itself (exit status 3)"
    finally:
        sys.path.pop(0)


def test_threads_set_torch_up_one_after_another_and_then_do_their_work(nursery: Nursery) -> None:
    """Two first products at once crash a forked process too seldom to be tested: here only that it is seen to."""
    code = (
        "import threading, torch\n"
        "found = []\n"
        "threads = [threading.Thread(target=lambda: found.append(torch.ones(3).sum().item())) for _ in range(8)]\n"
        "for thread in threads: thread.start()\n"
        "for thread in threads: thread.join()\n"
        "answer = [found, threading.Thread._bootstrap_inner.__module__]\n"
    )
    assert run(nursery, code) == [[3.0] * 8, "judge.sandbox.threads"]
