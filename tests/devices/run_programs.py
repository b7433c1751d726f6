"""Runs every program on the simulated accelerator and prints, as JSON, what became of each.

A process of its own, because the device cannot be taken back once it is registered. Like the nursery, it runs one
backward before it forks or registers anything.
"""

import json
import os
import threading
import time
import traceback
import types

import right_programs
import torch
import wrong_programs

from judge import devices


def programs(module: types.ModuleType) -> list:
    return [each for each in vars(module).values() if getattr(each, "__module__", "") == module.__name__]


def agrees_with_the_cpu(program) -> str:
    """Empty when the program gives on `sim` what it gives on the CPU, else the error."""
    try:
        results = []
        for device in ("cpu", "sim"):
            torch.manual_seed(0)
            results.append(program(device))
        for number, (expected, got) in enumerate(zip(*results, strict=True)):
            assert got.device == torch.device("sim", 0), f"result {number} is on {got.device}"
            assert got.stride() == expected.stride(), f"result {number} has strides {got.stride()}"
            torch.testing.assert_close(got.detach().cpu(), expected.detach(), rtol=1e-5, atol=1e-6)
    except Exception:
        return traceback.format_exc()
    return ""


def complaint(program) -> tuple[str, str, str]:
    """The error that a program ends with: its type, its message, and the function it was raised from."""
    try:
        program(torch.randn(4, 4, device="sim"))
    except Exception as error:
        lines = [frame.name for frame in traceback.extract_tb(error.__traceback__)]
        return type(error).__name__, str(error), program.__name__ if program.__name__ in lines else ""
    return "", "nothing was raised", ""


def missing_operator(action) -> str | None:
    try:
        action()
    except Exception as error:
        return devices.missing_operator("sim", error)
    return "nothing was raised"


def worker_is_ready_within() -> float:
    """Seconds until a freshly forked process has the device; it then proves that a backward works there."""
    reader, writer = os.pipe()
    if (child := os.fork()) == 0:
        started = time.perf_counter()
        devices.prepare("sim")
        ready = time.perf_counter() - started
        x = torch.ones(2, device="sim", requires_grad=True)
        thread = threading.Thread(target=lambda: (x * x).sum().backward())
        thread.start()
        thread.join(20)
        os.write(writer, str(ready if x.grad.tolist() == [2, 2] else "no gradient").encode())
        os._exit(0)
    os.waitpid(child, 0)
    return float(os.read(reader, 100))


def main() -> None:
    torch.set_num_threads(1)
    torch.ones(1, requires_grad=True).sum().backward()

    forks = [worker_is_ready_within() for _ in range(5)]
    devices.prepare("sim")
    devices.prepare("sim")
    x = torch.ones(2, 2, device="sim")
    right = [each for each in programs(right_programs) if each.__name__ not in ("normal", "gradients")]
    report = {
        "right": {program.__name__: agrees_with_the_cpu(program) for program in right},
        "expected": {
            program.__name__: wrong_programs.COMPLAINTS.get(program, ("RuntimeError", wrong_programs.MIXED))
            for program in programs(wrong_programs)
        },
        "wrong": {program.__name__: complaint(program) for program in programs(wrong_programs)},
        "forks": forks,
        "missing": {
            "sparse": missing_operator(lambda: x.to_sparse()),
            "parameter": missing_operator(lambda: setattr(torch.nn.Linear(2, 2).weight, "data", x)),
            "mixed": missing_operator(lambda: x + torch.ones(2, 2)),
        },
    }
    print(json.dumps(report))


if __name__ == "__main__":
    main()
