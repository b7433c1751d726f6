"""The whole sandbox as the judge uses it, in a program of its own, since it ends in processes that are confined.

Prints what came of ordinary work and of each attack as JSON: {"layers": ..., "work": {name: [gained, text]}, ...}.
With the argument "ordinary" it first becomes an ordinary user (65534), for whom Python is made readable; with
"shared" it stays in the namespaces that it was started in.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
import threading
import time

import msgspec

os.environ["OMP_NUM_THREADS"] = "1"
ORDINARY = 65534


def work_with_threads():
    seen = []
    threads = [threading.Thread(target=seen.append, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(seen)


def train():
    import torch

    net = torch.nn.Sequential(torch.nn.Conv2d(1, 4, 3), torch.nn.Flatten(), torch.nn.Linear(144, 3))
    optimizer = torch.optim.Adam(net.parameters())
    net(torch.randn(2, 1, 8, 8)).square().sum().backward()
    optimizer.step()
    return net[0].weight.grad.shape


def use_several_torch_threads():
    import torch

    torch.set_num_threads(2)
    return (torch.ones(600, 600) @ torch.ones(600, 600)).sum().item()


def import_the_standard_library():
    assert "wave" not in sys.modules
    import wave

    return wave.__name__


def import_a_package():
    assert "sortedcontainers" not in sys.modules
    import sortedcontainers

    return sortedcontainers.SortedList([2, 1])


def ask_for_a_version():
    import importlib.metadata

    return importlib.metadata.version("sortedcontainers")


def save_and_load():
    import torch

    os.mkdir("checkpoints")
    torch.save({"step": 3, "weight": torch.ones(2)}, "checkpoints/new.pt")
    os.replace("checkpoints/new.pt", "last.pt")
    shutil.copy("last.pt", "checkpoints/best.pt")
    return torch.load("checkpoints/best.pt", mmap=True)["step"]


def use_temporary_files():
    with tempfile.TemporaryFile() as file:
        file.write(b"x")
    return tempfile.gettempdir() == os.getcwd()


def call_back_from_c():
    import ctypes

    compare = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_int), ctypes.POINTER(ctypes.c_int))
    numbers = (ctypes.c_int * 3)(3, 1, 2)
    ctypes.CDLL(None).qsort(numbers, 3, 4, compare(lambda a, b: a[0] - b[0]))
    return list(numbers)


def read_the_clock_and_chance():
    time.sleep(0.001)
    return time.time() > 0 and len(os.urandom(8)) == 8 and os.cpu_count() > 0


def write_to_null():
    with open(os.devnull, "w") as file:
        return file.write("x")


def abort():
    os.abort()


def fill_a_file():
    with open("large", "wb") as file:
        file.write(bytes(3 << 20))


def fill_the_folder():
    for number in range(64):
        with open(f"part-{number}", "wb") as file:
            file.write(bytes(900 << 10))


def open_many_files():
    return len([os.open("/dev/null", os.O_RDONLY) for _ in range(100)])


def start_many_threads():
    stop = threading.Event()
    threads = [threading.Thread(target=stop.wait, daemon=True) for _ in range(100)]
    started = 0
    try:
        for thread in threads:
            thread.start()
            started += 1
    except RuntimeError as error:
        raise RuntimeError(f"{error} after {started}") from None
    finally:
        stop.set()


def take_memory():
    import torch

    return torch.ones(1 << 30).sum()


WORK = [
    work_with_threads,
    train,
    use_several_torch_threads,
    import_the_standard_library,
    import_a_package,
    ask_for_a_version,
    save_and_load,
    use_temporary_files,
    call_back_from_c,
    read_the_clock_and_chance,
    write_to_null,
]
EXCESS = [fill_a_file, fill_the_folder, open_many_files, start_many_threads, take_memory]


def make_python_readable() -> None:
    """In a mount namespace of its own, uncovers the folders around Python for everybody, and only those."""
    from judge.sandbox import kernel, namespaces

    kernel.call("unshare", namespaces.NEWNS)
    kernel.call("mount", None, b"/", None, namespaces.MS_REC | namespaces.MS_PRIVATE, None)
    for folder in (sys.base_prefix, sys.prefix):
        above = os.path.dirname(folder)
        while above != "/" and os.stat(above).st_mode & 0o001:
            above = os.path.dirname(above)
        if above == "/":
            continue
        hold = tempfile.mkdtemp()
        kernel.call("mount", folder.encode(), hold.encode(), None, 0x1000, None)  # MS_BIND
        kernel.call("mount", b"tmpfs", above.encode(), b"tmpfs", 0, b"mode=0755")
        os.makedirs(folder)
        kernel.call("mount", hold.encode(), folder.encode(), None, 0x2000, None)  # MS_MOVE
        os.rmdir(hold)


def main() -> None:
    from attacks import EVERY, listening
    from forks import in_child

    from judge.sandbox import isolation, kernel, namespaces
    from judge.sandbox.limits import Limits

    ordinary = "ordinary" in sys.argv
    if ordinary and os.getuid() == 0:
        make_python_readable()
        os.setgroups([])
        os.setresgid(ORDINARY, ORDINARY, ORDINARY)
        os.setresuid(ORDINARY, ORDINARY, ORDINARY)
        kernel.prctl(kernel.PR_SET_DUMPABLE, 1)  # as it is for a program that this user started
    folder = tempfile.mkdtemp()
    os.chmod(folder, 0o711)
    victim, _doors = listening(os.path.join(folder, "judge"))
    reader, writer = os.pipe()
    warden = os.fork()
    if warden == 0:
        entered = namespaces.enter() if "shared" not in sys.argv else frozenset()
        launcher = os.fork() if "pid" in entered else 0
        if launcher == 0:
            result = {}
            try:
                result = launch(entered, folder, victim, in_child, isolation, namespaces, Limits, EVERY)
            finally:
                os.write(writer, json.dumps(result).encode())
                os._exit(0)
        os.waitpid(launcher, 0)
        os._exit(0)
    os.close(writer)
    with open(reader) as file:
        print(file.read())
    os.waitpid(warden, 0)
    shutil.rmtree(folder, ignore_errors=True)


def launch(entered, folder, victim, in_child, isolation, namespaces, Limits, attacks) -> dict:
    """Process 1 of the namespaces, and the nursery in one: this program stays small until it imports torch below."""
    own_proc = namespaces.mount_proc() if entered else False
    inits = [namespaces.new_pid_namespace_init() for _ in range(2)] if "pid" in entered else []
    import torch

    torch.set_num_threads(1)
    layers = msgspec.structs.replace(isolation.detect(), namespaces="pid" in entered)
    isolation.prepare(layers)
    limits = Limits(file_bytes=1 << 20, open_files=48, processes=24, address_data_bytes=2 << 30, folder_bytes=16 << 20)
    counter = iter(isolation.WORKER_UIDS)

    def boxed(*steps):
        uid = next(counter) if layers.other_user else None
        private = tempfile.mkdtemp(dir=folder)
        owner = uid if uid is not None else os.getuid()
        mounted = bool(entered) and namespaces.mount_private(private, limits.folder_bytes, owner)
        if not mounted and uid is not None:
            os.chown(private, uid, uid)
        if inits:
            namespaces.join_pid_namespace(inits[0])
        try:
            return in_child(lambda: isolation.confine(limits, layers, private, device="cpu", uid=uid), *steps)
        finally:
            if inits:
                namespaces.leave_pid_namespace()
            if mounted:
                namespaces.unmount(private)

    # All of it in one process, one after another, as a solution would.
    work = boxed(lambda: json.dumps([(one.__name__, *outcome(one)) for one in WORK]))
    return {
        "user": os.getuid(),
        "entered": sorted(entered),
        "own_proc": own_proc,
        "layers": isolation.level(layers),
        "work": {name: (gained, text) for name, gained, text in json.loads(work.text)} if work.gained else work.text,
        "excess": {one.__name__: boxed(one)[:2] for one in EXCESS},
        "attacks": {one.__name__: boxed(lambda one=one: one(victim))[:2] for one in attacks},
        "aborted by signal": boxed(abort).signal,
    }


def outcome(one) -> tuple[bool, str]:
    try:
        return True, str(one())
    except BaseException as error:
        return False, f"{type(error).__name__}: {error}"


if __name__ == "__main__":
    main()
