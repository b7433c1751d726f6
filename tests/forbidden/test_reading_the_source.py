"""A forbidden function is found in the source under every name, and nothing else is."""

import textwrap

import pytest

from judge.forbidden import find_uses

CTC = ["torch.nn.functional.ctc_loss", "torch.nn.CTCLoss", "torch.ctc_loss"]
FUNCTION = "torch.nn.functional.ctc_loss"


def lines(source: str, forbids: list[str]) -> list[int | None]:
    return sorted({use.line for use in find_uses(textwrap.dedent(source).lstrip("\n"), forbids)})


@pytest.mark.parametrize(
    "source",
    [
        "import torch\ntorch.nn.functional.ctc_loss(x)",
        "import torch.nn.functional as F\nF.ctc_loss(x)",
        "from torch.nn import functional as F\nF.ctc_loss(x)",
        "from torch.nn.functional import ctc_loss as c\nc(x)",
        "import torch.nn as nn\nnn.CTCLoss()",
        "from torch import nn\nnn.functional.ctc_loss(x)",
        "from torch.nn.modules.loss import CTCLoss as Loss\nLoss()",
        "import torch.nn.modules.loss as losses\nlosses.CTCLoss()",
        "from torch import ctc_loss\nctc_loss(x)",
        "from torch.nn.functional import *\nctc_loss(x)",
        "import torch\ntorch.ops.aten.ctc_loss.IntList(x)",
        "import torch\ntorch._C._VariableFunctions.ctc_loss(x)",
        "import torch.nn.functional as F\nf = F.ctc_loss\nf(x)",
        "from torch import nn\nloss = nn.CTCLoss\nloss()",
        "import torch\nlosses = {'ctc': torch.nn.CTCLoss}",
        "from torch import nn\nclass Mine(nn.CTCLoss): pass",
        "import torch.nn.functional as F\ngetattr(F, 'ctc_loss')(x)",
        "import torch.nn.functional as F\ngetattr(F, 'ctc_' + 'loss')(x)",
        "import torch.nn.functional as F\ngetattr(F, f'{\"ctc\"}_loss')(x)",
        "import torch.nn.functional as F\ngetattr(F, '_'.join(['ctc', 'loss']))(x)",
        "import torch.nn.functional as F\ngetattr(F, 'ssol_ctc'[::-1])(x)",
        "import torch.nn.functional as F\ngetattr(F, '%s_loss' % 'ctc')(x)",
        "import torch.nn.functional as F\ngetattr(F, '{}_{}'.format('ctc', 'loss'))(x)",
        "import torch.nn.functional as F\nF.__dict__['ctc_loss'](x)",
        "import torch.nn.functional as F\nvars(F)['ctc_loss'](x)",
        "import torch.nn.functional as F\nF.__dict__.get('ctc_loss')(x)",
        "import sys\nsys.modules['torch.nn'].CTCLoss()",
        "import importlib\nimportlib.import_module('torch.nn.functional').ctc_loss(x)",
        "import functools\n__import__('torch').nn.CTCLoss()",
        "import operator, torch\noperator.attrgetter('nn.functional.ctc_loss')(torch)(x)",
        "import functools, torch.nn.functional as F; p = 1\npartial = functools.partial(F.ctc_loss, blank=0)",
        "import torch.nn.functional as F\nlist(map(F.ctc_loss, xs))",
    ],
)
def test_the_line_that_names_it_is_reported(source):
    assert lines(source, CTC) == [2]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import torch\nG = torch.nn\nH = G.functional\nH.ctc_loss(x)", [4]),
        ("import torch\nname = 'ctc'\nname += '_loss'\ngetattr(torch, name)", [4]),
        ("import torch\nfor name in ('relu', 'ctc_loss'):\n    getattr(torch.nn.functional, name)", [3]),
        ("import torch\na, F = 1, torch.nn.functional\ndef f(x):\n    return F.ctc_loss(x)", [4]),
        ("import torch\n(F := torch.nn.functional)\nF.ctc_loss(x)", [3]),
        ("import torch.nn.functional as F\ndef f(x, loss=F.ctc_loss):\n    return loss(x)", [2]),
        ("import torch.nn.functional as F\nf = lambda x: F.ctc_loss(x)", [2]),
        ("def f(x):\n    import torch.nn.functional as F\n    return [F.ctc_loss(y) for y in x]", [3]),
        ("def f(x):\n    return F.ctc_loss(x)\nimport torch.nn.functional as F", [2]),
        (
            "try:\n    from torch.nn.functional import ctc_loss\nexcept ImportError:\n    ctc_loss = None\nctc_loss(x)",
            [5],
        ),
        ("import torch\ndef f():\n    global F\n    F = torch.nn.functional\ndef g(x):\n    F.ctc_loss(x)", [6]),
        (
            "import torch\nclass A:\n    def f(self, x):\n        self.F.ctc_loss(x)\n"
            "    def __init__(self):\n        self.F = torch.nn.functional",
            [4],
        ),
        ("import torch\ntorch.nn.functional.ctc_loss(x)\n\ntorch.nn.functional.ctc_loss(y)", [2, 4]),
        ("import torch\ny = (\n    torch.nn\n    .functional.ctc_loss(x)\n)", [3]),
    ],
)
def test_values_are_followed_through_names_attributes_and_functions(source, expected):
    assert lines(source, CTC) == expected


@pytest.mark.parametrize(
    "source",
    [
        "def ctc_loss(x): ...\nctc_loss(1)",
        "import torch\nclass CTCLoss(torch.nn.Module): ...\nCTCLoss()",
        "import torch.nn.functional as F\ndef f(ctc_loss):\n    return ctc_loss(F.relu(1))",
        "def f():\n    ctc_loss = 3\n    return ctc_loss",
        "from torch.nn.functional import *\ndef ctc_loss(x): ...\nctc_loss(1)",
        "from torch.nn.functional import ctc_loss\ndef ctc_loss(x): ...\nctc_loss(1)",
        "from torch.nn.functional import ctc_loss",
        "import torch.nn.functional as F\ndef f(F):\n    return F.ctc_loss()",
        "import torch.nn.functional as F\n[F.ctc_loss for F in things]",
        "import torch\n# torch.nn.functional.ctc_loss(x)",
        "import torch\n'''torch.nn.functional.ctc_loss(x)'''\nname = 'torch.nn.functional.ctc_loss'",
        "import torch\ndef f(x):\n    '''like torch.ctc_loss'''\n    return x",
        "from torch import nn\ndef f(loss: nn.CTCLoss) -> nn.CTCLoss:\n    kept: nn.CTCLoss = loss\n    return kept",
        "from torch import nn\nisinstance(x, (nn.CTCLoss, nn.NLLLoss))",
        "from torch import nn\nissubclass(x, nn.CTCLoss)",
        "from torch import nn\ntype(x) is nn.CTCLoss",
        "from torch import nn\nmatch x:\n    case nn.CTCLoss():\n        pass",
        "import torch\nif __name__ == '__main__':\n    print(torch.nn.functional.ctc_loss(x))",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from torch.nn import CTCLoss",
        "class A:\n    def ctc_loss(self): ...\n    def f(self):\n        return self.ctc_loss()",
        "from mine import ctc_loss\nctc_loss(1)",
        "from .functional import ctc_loss\nctc_loss(1)",
        "import torch.nn.functional as F\nF.log_softmax(x)\ntorch.nn.CTCLossOfMine",
        "this is no python",
        "",
    ],
)
def test_own_things_comments_annotations_and_scratch_blocks_are_no_uses(source):
    assert lines(source, CTC) == []


def test_what_stands_beside_the_scratch_block_is_read():
    source = """
    import torch
    if __name__ == "__main__":
        torch.ctc_loss(x)
    else:
        torch.ctc_loss(x)
    __name__ = "__main__"
    if __name__ == "__main__":
        torch.ctc_loss(x)
    """
    assert lines(source, CTC) == [5, 8]


def test_a_use_says_what_is_forbidden_and_shows_the_line():
    (use,) = find_uses("import torch\nif True:\n    y = torch.nn.functional.ctc_loss(x)  # short\n", [FUNCTION])
    assert (use.name, use.line, use.how) == (FUNCTION, 3, "source")
    assert use.source == "y = torch.nn.functional.ctc_loss(x)  # short"


def test_the_function_of_the_same_name_in_torch_is_the_same_function():
    (use,) = find_uses("import torch\ntorch.conv2d(x, w)", ["torch.nn.functional.conv2d"])
    assert use.name == "torch.nn.functional.conv2d"
    assert lines("import torch\ntorch._C._nn.linear(x, w)", ["torch.nn.functional.linear"]) == [2]
    attention = "torch.nn.functional.scaled_dot_product_attention"
    assert lines("import torch\ntorch._C._nn.scaled_dot_product_attention(q, k, v)", [attention]) == [2]


def test_a_star_forbids_all_names_that_begin_so():
    source = """
    from torch import nn
    import torch.nn.functional as F
    nn.TransformerEncoderLayer(8, 2)
    nn.modules.transformer.Transformer()
    F.conv_transpose2d(x, w)
    nn.Linear(3, 4)
    F.fold(x)
    """
    uses = find_uses(textwrap.dedent(source), ["torch.nn.Transformer*", "torch.nn.functional.conv*"])
    assert [(use.line, use.name) for use in uses] == [
        (4, "torch.nn.TransformerEncoderLayer"),
        (5, "torch.nn.Transformer"),
        (6, "torch.nn.functional.conv_transpose2d"),
    ]


def test_what_a_module_only_imports_is_not_forbidden_with_it():
    source = "import math, torch\nint(math.sqrt(2))\ntorch.Tensor(3)\ntorch.nn.functional.fold(x)\n"
    assert lines(source, ["torch.nn.functional.*"]) == [4]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import torchvision", [1]),
        ("import torchvision.ops as ops\nops.nms(b, s, 0.5)", [1, 2]),
        ("from torchvision.ops import nms", [1]),
        ("from torchvision import *", [1]),
        ("import importlib\nimportlib.import_module('torch' + 'vision')", [2]),
        ("x = __import__('torchvision.ops')", [1]),
        ("import torch\ntorch.distributed.all_reduce(x)", [2]),
        ("import torch.distributed as dist", [1]),
        ("from torch import distributed", [1]),
        ("from torch.distributed import all_reduce", [1]),
        ("import torch.optim\ntorch.optim.SGD(p)\ntorch.optim.lr_scheduler.StepLR(o, 1)", [3]),
        ("import torchvisionary\nfrom .torchvision import x", []),
    ],
)
def test_a_module_is_used_by_importing_it(source, expected):
    assert lines(source, ["torchvision", "torch.distributed", "torch.optim.lr_scheduler"]) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("def f(x):\n    return x.softmax(-1)", [2]),
        ("import torch\ntorch.zeros(3).softmax(-1)", [2]),
        ("import torch\ntorch.Tensor.softmax(x, -1)", [2]),
        ("from torch import Tensor\nf = Tensor.softmax", [2]),
        ("import torch\ntorch.softmax(x, -1)", []),
        ("import numpy as np\nnp.softmax(x)", []),
        ("class A:\n    def softmax(self): ...\n    def f(self):\n        self.softmax()", []),
        (
            "class A:\n    def __init__(self, s):\n        self.softmax = s\n    def f(self):\n        self.softmax()",
            [],
        ),
    ],
)
def test_methods_of_tensors_are_found_where_they_are_forbidden(source, expected):
    assert lines(source, ["torch.Tensor.softmax"]) == expected
    assert lines(source, CTC) == []


@pytest.mark.parametrize(
    "source",
    [
        "x = " + "(" * 150 + "1" + ")" * 150,
        "x = " + " + ".join(["y"] * 3000),
        "x = " + "''.join([" * 60 + "'a'" + "])" * 60,
        "import torch\n" + "if a:\n x = 'a' + 'b'\nelse:\n x = torch.nn\n" * 300,
        "x = 'aaaa'\n" + "x = x + x\n" * 300,
        "import torch\nx = torch\n" + "x = x.nn\n" * 3000,
        "from " + "a." * 30000 + "b import c\nc.d",
        "\0",
    ],
)
def test_a_strange_source_is_read_quickly_and_without_harm(source):
    assert find_uses(source, CTC) == []


def test_what_stands_behind_a_statement_that_is_too_deep_to_read_is_still_found():
    deep = "x = " + " + ".join(["y"] * 900)
    assert lines(f"import torch\n{deep}\ntorch.ctc_loss(x)\ndef f():\n    {deep}\n    torch.nn.CTCLoss()", CTC) == [
        3,
        6,
    ]
