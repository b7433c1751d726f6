"""A forbidden call is refused and recorded, however the solution got at the function, and nothing else is."""

import importlib
import linecache
import subprocess
import sys
import textwrap
import time
import types
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from judge.forbidden import ForbiddenCall, Guard, prepare

FILE = "/box/solution.py"
CTC = ["torch.nn.functional.ctc_loss", "torch.nn.CTCLoss"]
ARGUMENTS = "(torch.zeros(5, 1, 3).log_softmax(-1), torch.ones(1, 2), torch.tensor([5]), torch.tensor([2]))"


@contextmanager
def loaded(source: str, guard: Guard) -> Iterator[types.ModuleType]:
    """The solution as a worker loads it: with the guard around, a file name and an entry in sys.modules."""
    source = textwrap.dedent(source).lstrip("\n")
    module = types.ModuleType("solution")
    module.__file__ = FILE
    linecache.cache[FILE] = (len(source), None, source.splitlines(keepends=True), FILE)
    with guard:
        sys.modules["solution"] = module
        try:
            exec(compile(source, FILE, "exec"), vars(module))
            yield module
        finally:
            del sys.modules["solution"], linecache.cache[FILE]


def refused(source: str, forbids: list[str]) -> Guard:
    guard = Guard(forbids, FILE)
    with pytest.raises(ForbiddenCall), loaded(source, guard):
        pass
    return guard


def runs(source: str, forbids: list[str]) -> types.ModuleType:
    guard = Guard(forbids, FILE)
    with loaded(source, guard) as module:
        pass
    assert guard.uses == []
    return module


@pytest.mark.parametrize(
    "call",
    [
        "torch.nn.functional.ctc_loss(*args)",
        "torch.ctc_loss(*args)",
        "torch.nn.CTCLoss()",
        "torch.nn.modules.loss.CTCLoss()",
        "getattr(torch.nn.functional, ''.join(reversed('ssol_ctc')))(*args)",
        "getattr(torch.nn, 'C' + 'TC' + chr(76) + 'oss')()",
        "vars(torch.nn.functional)['ctc' + str('_loss')](*args)",
        "functools.partial(torch.nn.functional.ctc_loss, *args)()",
        "list(map(torch.nn.functional.ctc_loss, *([arg] for arg in args)))",
        "exec('tor' + 'ch.nn.functional.ctc' + '_loss(*args)')",
        "eval('torch.ctc' + '_loss(*args)')",
        "exec('import torch; torch.nn.CTC' + 'Loss()', {})",
        "exec('def f(): return torch.ctc' + '_loss(*args)') or f()",
        "sys.modules['torch.nn'].CTCLoss()",
        "importlib.import_module('torch.nn.functional').ctc_loss(*args)",
        "next(iter([torch.nn.functional.ctc_loss]))(*args)",
    ],
)
def test_whatever_way_leads_to_the_function_the_call_is_refused_with_its_line(call):
    guard = refused(f"import functools, importlib, sys, torch\nargs = {ARGUMENTS}\n{call}\n", CTC)
    (use,) = guard.uses
    assert use.name in CTC
    assert (use.line, use.source, use.how) == (3, call, "call")


def test_the_message_says_what_is_forbidden_and_where():
    with (
        pytest.raises(ForbiddenCall, match=r"^forbidden here: torch.nn.CTCLoss \(line 2\)$"),
        loaded("import torch\ntorch.nn.CTCLoss()", Guard(CTC, FILE)),
    ):
        pass


def test_a_use_stays_recorded_when_the_solution_swallows_the_refusal():
    guard = Guard(CTC, FILE)
    with loaded("import torch\ntry:\n    torch.nn.CTCLoss()\nexcept Exception:\n    pass\n", guard):
        pass
    assert [use.line for use in guard.uses] == [3]


def test_a_call_made_later_through_a_check_counts_with_the_solutions_line():
    guard = Guard(CTC, FILE)
    source = "from torch.nn.functional import ctc_loss\nfrom torch import nn\ndef f(*a):\n    return ctc_loss(*a)\n"
    with loaded(source, guard) as solution, pytest.raises(ForbiddenCall):
        solution.f(1)
    assert [use.line for use in guard.uses] == [4]


def test_a_check_may_call_what_the_solution_may_not():
    guard = Guard(CTC, FILE)
    with loaded("import torch\ndef apply(f, *args):\n    return f(*args)\n", guard) as solution:
        assert torch.isfinite(F.ctc_loss(*eval(ARGUMENTS)))
        assert solution.apply(lambda: nn.CTCLoss().blank) == 0
    assert guard.uses == []


def test_torch_may_call_its_own_functions():
    source = """
    import torch
    layer = torch.nn.TransformerEncoderLayer(8, 2, dropout=0.0)
    out = layer(torch.zeros(3, 1, 8)).sum()
    out.backward()
    """
    runs(source, ["torch.nn.functional.multi_head_attention_forward", "torch.nn.functional.linear"])
    runs(source, ["torch.nn.MultiheadAttention", "torch.nn.functional.scaled_dot_product_attention"])


def test_classes_stay_classes():
    source = """
    import copy, pickle, torch
    from torch import nn
    made = []
    def look(x):
        return isinstance(x, nn.Transformer), issubclass(type(x), nn.Module), nn.CTCLoss.__name__
    class MultiheadAttention(nn.Module): ...
    class CTCLoss(nn.Module): ...
    MultiheadAttention(), CTCLoss()
    """
    guard = Guard(["torch.nn.Transformer*", "torch.nn.MultiheadAttention", *CTC], FILE)
    transformer = nn.Transformer(4, 2, 1, 1, 4, batch_first=True)
    with loaded(source, guard) as solution:
        assert solution.look(transformer) == (True, True, "CTCLoss")
        assert solution.look(nn.Linear(1, 1)) == (False, True, "CTCLoss")
    assert guard.uses == []


@pytest.mark.parametrize(
    "body",
    [
        "pass\nMine()",
        "def __init__(self):\n        super().__init__()\nMine()",
        "def __init__(self):\n        nn.CTCLoss.__init__(self)\nMine()",
    ],
)
def test_an_instance_of_a_subclass_counts(body):
    guard = refused(f"from torch import nn\nclass Mine(nn.CTCLoss):\n    {body}\n", CTC)
    assert [use.name for use in guard.uses] == ["torch.nn.CTCLoss"]


def test_an_instance_of_a_subclass_counts_when_a_check_makes_it():
    guard = Guard(CTC, FILE)
    source = "from torch import nn\nclass Mine(nn.CTCLoss):\n    pass\nclass Other(nn.NLLLoss):\n    pass\n"
    with loaded(source, guard) as solution:
        solution.Other()
        nn.CTCLoss()
        assert guard.uses == []
        with pytest.raises(ForbiddenCall):
            solution.Mine()
    assert [use.name for use in guard.uses] == ["torch.nn.CTCLoss"]


def test_a_star_forbids_all_that_begin_so():
    assert refused("import torch\ntorch.nn.LSTMCell(1, 1)", ["torch.nn.LSTM*"]).uses[0].name == "torch.nn.LSTMCell"
    conv = "import torch\ntorch.conv1d(torch.ones(1, 1, 3), torch.ones(1, 1, 2))"
    assert refused(conv, ["torch.nn.functional.conv*"]).uses[0].name == "torch.nn.functional.conv1d"
    runs("import torch\ntorch.nn.Linear(1, 1)(torch.ones(1))", ["torch.nn.LSTM*", "torch.nn.functional.conv*"])


def test_methods_of_tensors():
    forbids = ["torch.Tensor.softmax"]
    assert refused("import torch\ntorch.ones(3).softmax(-1)", forbids).uses[0].line == 2
    runs("import torch\ntorch.nn.functional.softmax(torch.ones(3), -1)", forbids)
    assert "softmax" not in vars(torch.Tensor)


@pytest.mark.parametrize(
    "statement",
    [
        "import colorsys",
        "from colorsys import hls_to_rgb",
        "importlib.import_module('color' + 'sys')",
        "__import__('color' + 'sys')",
        "exec('import color' + 'sys')",
    ],
)
@pytest.mark.parametrize("already", [False, True])
def test_a_forbidden_module_cannot_be_imported(statement, already):
    sys.modules.pop("colorsys", None)
    if already:
        importlib.import_module("colorsys")
    (use,) = refused(f"import importlib\n{statement}", ["colorsys"]).uses
    assert (use.name, use.line) == ("colorsys", 2)
    assert ("colorsys" in sys.modules) == already


def test_a_submodule_named_in_from_import_is_refused_and_its_functions_are():
    source = "from torch.optim import lr_scheduler"
    assert refused(source, ["torch.optim.lr_scheduler"]).uses[0].name == "torch.optim.lr_scheduler"
    source = "import torch\ntorch.optim.lr_scheduler.StepLR(torch.optim.SGD([torch.ones(1)]), 1)"
    assert [use.line for use in refused(source, ["torch.optim.lr_scheduler"]).uses] == [2]
    runs("import torch\ntorch.optim.SGD([torch.ones(1)])", ["torch.optim.lr_scheduler"])


def test_a_function_of_a_package_that_the_solution_is_the_first_to_import():
    sys.modules.pop("colorsys", None)
    use = refused("import colorsys\ncolorsys.hls_to_rgb(0, 0, 0)", ["colorsys.hls_*"]).uses[0]
    assert (use.name, use.line) == ("colorsys.hls_to_rgb", 2)
    import colorsys

    assert colorsys.hls_to_rgb(0, 0, 0) == (0, 0, 0)
    assert not hasattr(colorsys.hls_to_rgb, "__wrapped__")


def test_others_may_import_what_the_solution_may_not():
    with Guard(["colorsys"], FILE):
        sys.modules.pop("colorsys", None)
        import colorsys

        assert importlib.import_module("colorsys") is colorsys


def snapshot() -> dict[tuple[str, str], int]:
    modules = [(name, module) for name, module in sys.modules.items() if name.split(".")[0] in ("torch", "builtins")]
    found = {}
    for name, module in modules:
        for attribute, value in list(vars(module).items()):
            found[name, attribute] = id(value)
            if type(value) is type and value.__module__.startswith("torch"):
                found[name, f"{attribute}.__init__"] = id(vars(value).get("__init__"))
    return found


def test_everything_is_as_before_afterwards():
    before = snapshot(), importlib.import_module, F.ctc_loss
    forbids = [*CTC, "torch.nn.Conv*", "torch.nn.functional.*pool*", "torch.distributed", "torch.optim.lr_scheduler"]
    with pytest.raises(ForbiddenCall), loaded("import torch\ntorch.nn.CTCLoss()", Guard(forbids, FILE)):
        pass
    assert (snapshot(), importlib.import_module, F.ctc_loss) == before


def test_a_wrapped_function_keeps_its_name_and_documentation():
    name, doc = F.ctc_loss.__qualname__, F.ctc_loss.__doc__
    with Guard(CTC, FILE):
        assert (F.ctc_loss.__qualname__, F.ctc_loss.__doc__) == (name, doc)
        assert F.conv2d is torch.conv2d
    with Guard(["torch.conv2d"], FILE):
        assert F.conv2d is torch.conv2d


def test_looking_for_what_to_wrap_warns_of_nothing(recwarn):
    prepare.__wrapped__(("torch.distributed", "torch.optim.lr_scheduler", "torch.cuda.amp", "torch.nn.utils*"))
    assert not recwarn.list


def test_once_prepared_entering_takes_next_to_no_time():
    forbids = (*CTC, "torch.nn.functional.conv*", "torch.nn.Transformer*")
    start = time.perf_counter()
    prepare.__wrapped__(forbids)
    searching = time.perf_counter() - start
    prepare(forbids)
    entering = []
    for _ in range(5):
        start = time.perf_counter()
        with Guard(forbids, FILE):
            entering.append(time.perf_counter() - start)
    assert min(entering) < searching


def test_a_fresh_python_needs_no_preparation():
    code = f"""
from judge.forbidden import Guard, ForbiddenCall
import torch
with Guard({CTC!r}, {FILE!r}) as guard:
    try:
        exec(compile("import torch\\ntorch.nn.functional.ctc_loss(1)", {FILE!r}, "exec"), {{"__name__": "solution"}})
    except ForbiddenCall as error:
        print(error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "forbidden here: torch.nn.functional.ctc_loss (line 2)\n"
