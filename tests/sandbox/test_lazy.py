"""An optimizer does not wait for torch's compiler to be imported; whoever uses the compiler still gets it."""

import subprocess
import sys

PROGRAM = """
import sys
import torch
from judge.sandbox.lazy import postpone_the_compiler

postpone_the_compiler()
weight = torch.nn.Parameter(torch.ones(3))
for kind in (torch.optim.SGD, torch.optim.Adam, torch.optim.AdamW, torch.optim.RMSprop):
    optimizer = kind([weight], lr=0.1)
    weight.sum().backward()
    optimizer.step()
    optimizer.load_state_dict(optimizer.state_dict())
print("torch._dynamo.convert_frame" in sys.modules)
print(torch.compile(lambda x: x + 1, backend="eager")(torch.ones(2)).tolist())
print(torch._dynamo.disable(abs)(-2), "torch._dynamo.convert_frame" in sys.modules)
print(type(torch.export.export(torch.nn.Linear(2, 2), (torch.ones(3, 2),))).__name__)
"""


def test_optimizers_do_without_the_compiler_and_others_get_it():
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=300)
    assert done.stdout.splitlines() == ["False", "[2.0, 2.0]", "2 True", "ExportedProgram"], done.stderr
