"""A failing input as a small program: it makes the call that failed, on the candidate's file, without the judge.

The program holds the check itself, which is no secret, and what `make` drew for it: as numbers where they are few, else
as the code that draws the same. Of the reference it says no more than the report does.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy
import torch

from judge import checks, looking, making, observations
from judge.attempt import Failing
from judge.checks import Check
from judge.making import DRAWS, derive_seed
from judge.practice.slicing import Slice, Slicer
from judge.subjects import Drawn

MOST_NUMBERS = 150  # written out; more are drawn
WIDTH = 100
MODULES = {module.__name__: module for module in (checks, looking, making, observations)}

# Simpler than the judge's own, which describe an exception for another process.
INSTEAD = {
    "outcome": '''\
def outcome(function, *arguments, **named):
    """What the function returns, or the exception that it raises."""
    try:
        return function(*arguments, **named)
    except Exception as error:
        error.message = str(error)
        return error''',
    "Raised": "Raised = Exception",
}

LOAD = """\
FILE = sys.argv[1] if len(sys.argv) > 1 else {file!r}
spec = importlib.util.spec_from_file_location("solution", FILE)
solution = sys.modules["solution"] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(solution)"""

# The parts of a `make` that hands out numbers, by the method that needs them.
HANDS_OUT = {
    "": '''\
class Make:
    """Hands out what was drawn, in the order in which the check asks for it."""

    device, dtype, seed = torch.device({device!r}), torch.float32, {seed}

    def __init__(self, *drawn):
        self.drawn = list(drawn)''',
    "next": """\
    def next(self, *shape, requires_grad=False, **options):
        value = self.drawn.pop(0)
        value = value.to(self.device) if isinstance(value, torch.Tensor) else value
        return value.requires_grad_() if requires_grad else value""",
    "filled": """\
    def filled(self, module, scale=1.0):
        module.load_state_dict(self.drawn.pop(0))
        return module.to(self.device)""",
    "generator": """\
    def generator(self, seed=0):
        return torch.Generator().manual_seed(self.drawn.pop(0))""",
    "tensor": """\
    def tensor(self, data, dtype=None, requires_grad=False):
        value = torch.as_tensor(data)
        value = value.to(self.device, dtype or (self.dtype if value.is_floating_point() else value.dtype))
        return value.requires_grad_() if requires_grad else value""",
    "folder": "    folder = tempfile.mkdtemp()",
}


@dataclass(frozen=True)
class _Made:
    """How the program has its `make`."""

    source: str  # of the class and what it needs
    call: str  # the line that makes one
    anew: str  # the line that starts a case


def reproduce(
    check: Check, checks_source: str, failing: Failing, drawn: Sequence[Drawn] | None, *, file: Path, heading: str,
    evidence: str,
) -> str:  # fmt: skip
    """The program's source.

    drawn: what `make` drew in that run; without it the program draws it. file: the candidate's. heading, evidence: what
    to say before and after it.
    """
    slicer = Slicer(_followed, INSTEAD)
    functions = [check.observe, *([check.then] if check.then is not None else [])]
    for function in functions:
        slicer.add(checks_source, function.__name__)
    cut = slicer.found
    definitions = list(cut.definitions)
    used = drawn if drawn is None else [one for one in drawn if one.case in ("", failing.case)]
    folder = "folder" in cut.attributes
    make = _handing_out(used, cut, failing) if used is not None and _few(used) else _drawing(slicer, cut, failing)
    cut.imports |= dict.fromkeys(["import importlib.util", "import sys", "import torch"])
    numbers = [f"from math import {name}" for name in ("inf", "nan") if re.search(rf"\b{name}\b", make.call)]
    imports = _sorted([*cut.imports, *numbers, *(["import tempfile"] if folder else [])])
    return "\n".join(
        [
            *(f"# {line}".rstrip() for line in heading.splitlines()),
            "",
            "from __future__ import annotations",
            "",
            *imports,
            "",
            LOAD.format(file=str(file)),
            *(f"\n\n{part}" for part in [make.source, *definitions]),
            "\n",
            _calls(functions, failing, make),
            "",
            *(f"# {line}".rstrip() for line in evidence.splitlines()),
            "",
        ]
    )


def _followed(module: str) -> str | None:
    """The source of one of the judge's own modules."""
    return Path(str(MODULES[module].__file__)).read_text(encoding="utf-8") if module in MODULES else None


def _sorted(lines: Sequence[str]) -> list[str]:
    """Import lines as they are usually ordered: the standard library, a blank line, the rest."""

    def standard(line: str) -> bool:
        return line.split()[1].split(".")[0] in sys.stdlib_module_names

    own = sorted({line for line in lines if standard(line)}, key=lambda line: (line.startswith("from"), line))
    others = sorted({line for line in lines if not standard(line)}, key=lambda line: (line.startswith("from"), line))
    return [*own, "", *others]


def _calls(functions: Sequence[Any], failing: Failing, make: _Made) -> str:
    """The lines that do what failed."""
    arguments = "".join(f", {name}={value!r}" for name, value in failing.run.arguments.items())
    lines = [f"torch.manual_seed({derive_seed(failing.run.seed, 'torch')})", make.call]
    lines += [f"{function.__name__}(solution, make{arguments})" for function in functions]
    lines[-1] = f"seen = {lines[-1]}"
    if failing.case:
        lines += [
            f"seen = seen[{failing.case!r}]",
            "if callable(seen) and not isinstance(seen, torch.Tensor):",
            f"    {make.anew}",
            "    seen = seen()",
        ]
    return "\n".join([*lines, "print(seen)"])


# ------------------------------------------------------------------------------------------------- make, with numbers


def _few(drawn: Sequence[Drawn]) -> bool:
    """Whether it is short enough to be written out; False too for what no honest worker tells."""
    count = 0
    for one in drawn:
        values = list(one.value.values()) if isinstance(one.value, dict) and one.method == "filled" else [one.value]
        if one.method not in (*DRAWS, "filled", "generator"):
            return False
        if not all(isinstance(value, torch.Tensor) or type(value) is int for value in values):
            return False
        count += sum(value.numel() if isinstance(value, torch.Tensor) else 1 for value in values)
    return count <= MOST_NUMBERS


def _handing_out(drawn: Sequence[Drawn], cut: Slice, failing: Failing) -> _Made:
    methods = {one.method for one in drawn}
    parts = [HANDS_OUT[""].format(device=failing.device, seed=failing.run.seed)]
    if "folder" in cut.attributes:
        parts.append(HANDS_OUT["folder"])
    draws = [name for name in DRAWS if name in methods]
    if draws:
        parts += [HANDS_OUT["next"], f"    {' = '.join(draws)} = next"]
    parts += [HANDS_OUT[name] for name in ("filled", "generator", "tensor") if name in methods | cut.attributes]
    values = "".join(f"    {_written(one.value)},  # {one.method}\n" for one in drawn)
    anew = f"torch.manual_seed({derive_seed(failing.run.seed, 'torch', failing.case)})"
    return _Made("\n\n".join(parts), f"make = Make(\n{values})" if values else "make = Make()", anew)


def _written(value: Any) -> str:
    if isinstance(value, dict):
        entries = "".join(f"        {str(name)!r}: {_written(entry)},\n" for name, entry in value.items())
        return f"{{\n{entries}    }}"
    return literal(value) if isinstance(value, torch.Tensor) else repr(value)


def literal(tensor: torch.Tensor) -> str:
    """The tensor as Python, every number to the last bit."""
    usual = tensor.dtype in (torch.float32, torch.int64, torch.bool)
    dtype = "" if usual else f", dtype={tensor.dtype}"
    if tensor.numel() == 0:
        return f"torch.zeros({tuple(tensor.shape)}, dtype={tensor.dtype})"
    return f"torch.tensor({_nested(_texts(tensor), 4)}{dtype})"


def _texts(tensor: torch.Tensor) -> Any:
    """The numbers as texts, in nested lists."""
    if tensor.dim():
        return [_texts(row) for row in tensor]
    number = tensor.item()
    if tensor.dtype.is_floating_point and tensor.dtype is not torch.float64:
        return str(numpy.float32(number))
    return repr(number)


def _nested(texts: Any, indent: int) -> str:
    if isinstance(texts, str):
        return texts
    flat = f"[{', '.join(_nested(one, indent) for one in texts)}]"
    if len(flat) + indent <= WIDTH or all(isinstance(one, str) for one in texts):
        return flat
    rows = "".join(f"{' ' * (indent + 4)}{_nested(one, indent + 4)},\n" for one in texts)
    return f"[\n{rows}{' ' * indent}]"


# ------------------------------------------------------------------------------------------------- make, with a seed


def _drawing(slicer: Slicer, cut: Slice, failing: Failing) -> _Made:
    """The real class, cut down to what the check uses."""
    before = len(cut.definitions)
    folder = ", folder=tempfile.mkdtemp()" if "folder" in cut.attributes else ""
    methods = sorted(cut.attributes | ({"restart"} if failing.case else set()))
    slicer.add(Path(str(making.__file__)).read_text(encoding="utf-8"), "Make", methods)
    call = f"make = Make({failing.run.seed}, {failing.device!r}{folder})"
    return _Made("\n\n\n".join(cut.definitions[before:]), call, f"make.restart({failing.case!r})")
