"""Functions, classes and modules that a problem forbids, found where a solution uses them.

A problem's `forbids` are qualified names, with a trailing `*` for all that begin so: "torch.nn.functional.ctc_loss",
"torch.nn.Transformer*", "torchvision". There are two ways to find a use, and they complement each other:

- `find_uses` reads the source in the trusted process, without running anything. It sees what is written, in branches
  that never ran too, through aliases, getattr and assembled strings.
- `Guard` stands in the worker around the running solution, and sees what is called, however it was found.

Both are for honest candidates who reach for the wrong function, and for review: the guard lives in the solution's own
process, where a determined cheat can undo it (or compute through `torch.ops`, ctypes or `__wrapped__`). Report what
they find as a rule that was broken, never build a security boundary on them.
"""

from judge.forbidden.calls import ForbiddenCall, Guard, prepare
from judge.forbidden.expressions import TooMuchToRead
from judge.forbidden.names import Use
from judge.forbidden.source import find_uses

__all__ = ["ForbiddenCall", "Guard", "TooMuchToRead", "Use", "find_uses", "prepare"]
