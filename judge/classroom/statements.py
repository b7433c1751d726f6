"""What of a notebook's code can belong to a solution: imports, definitions and constants.

The rest, training loops, prints and tests, is what a notebook is for, and must not run again with every check.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

# What may stand in a constant: nothing in it has an effect. A lambda is a definition, so its body may be anything.
_PLAIN = (
    *(ast.Constant, ast.Name, ast.Attribute, ast.Subscript, ast.Slice, ast.Starred, ast.expr_context, ast.keyword),
    *(ast.Tuple, ast.List, ast.Set, ast.Dict, ast.UnaryOp, ast.BinOp, ast.BoolOp, ast.Compare, ast.IfExp, ast.Lambda),
    *(ast.unaryop, ast.operator, ast.boolop, ast.cmpop, ast.JoinedStr, ast.FormattedValue, ast.arguments, ast.arg),
    *(ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.comprehension),
)
# Calls that a constant may be made with, written out in full; and modules all of whose functions are as harmless.
_CALLS = (
    *("abs", "bool", "bytes", "complex", "dict", "enumerate", "float", "frozenset", "int", "len", "list", "max", "min"),
    *("pow", "range", "round", "set", "slice", "sorted", "str", "sum", "tuple", "zip"),
    *("classmethod", "property", "staticmethod", "type"),
    *("namedtuple", "collections.namedtuple", "partial", "functools.partial", "functools.lru_cache", "functools.cache"),
    *("Path", "pathlib.Path", "re.compile", "logging.getLogger", "np.array", "numpy.array", "np.arange"),
    *("torch.device", "torch.cuda.is_available", "torch.backends.mps.is_available", "torch.get_default_dtype"),
    *("torch.finfo", "torch.iinfo", "torch.Size", "torch.tensor", "torch.arange", "torch.linspace", "torch.eye"),
    *("torch.zeros", "torch.ones", "torch.full"),
)
_MODULES = ("math.", "cmath.", "typing.", "operator.")
_METHODS = ("split", "join", "format", "strip", "lower", "upper", "replace")  # of a text that stands there
_KNOWN = frozenset(dir(builtins)) | {"__name__", "__file__", "__doc__"}
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


@dataclass(frozen=True)
class Statement:
    """A statement at the top of a cell that a solution may need; lines count from 1 in the cell."""

    text: str
    cell: int
    line: int
    last_line: int
    defines: frozenset[str] = frozenset()  # names of functions, classes and constants
    gives: frozenset[str] = frozenset()  # those, imported ones, and the ones that it changes something of
    uses: frozenset[str] = frozenset()
    needs: frozenset[str] = frozenset()  # those of them that must be there when it is run
    always: bool = False  # nobody can tell who needs it: from ... import *


def split(tree: ast.Module, text: str, cell: int) -> tuple[list[Statement], list[str]]:
    """The statements of a cell that are kept, and the first lines of the others."""
    kept, dropped = [], []
    lines = text.split("\n")
    for node in tree.body:
        if isinstance(node, ast.Pass) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
            continue  # says nothing, does nothing
        statement = _statement(node, lines, cell)
        if _is_kept(node):
            kept.append(statement)
        else:
            dropped.append(first_line(statement.text))
    return kept, dropped


def without_loose_ends(statements: Sequence[Statement]) -> tuple[list[Statement], list[Statement]]:
    """The statements that can be run without those that were dropped, and those that cannot."""
    known, kept, dropped = set(_KNOWN), [], []
    anything = False
    for one in statements:
        if one.needs <= known or anything:
            kept.append(one)
            known |= one.gives
            anything |= one.always
        else:
            dropped.append(one)
    return kept, dropped


def defined_names(body: Sequence[ast.stmt]) -> Iterator[str]:
    """The names that the functions, classes and assignments among some statements give."""
    for node in _with_those_inside(body):
        if isinstance(node, _DEFINITIONS):
            yield node.name
        elif isinstance(node, ast.Assign | ast.AugAssign) or (isinstance(node, ast.AnnAssign) and node.value):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in targets:
                yield from (
                    one.id for one in ast.walk(target) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)
                )


def first_line(text: str) -> str:
    """The beginning of a statement, for a message."""
    line = text.strip().partition("\n")[0].strip()
    return line if len(line) <= 40 else f"{line[:37]}..."


def _statement(node: ast.stmt, lines: Sequence[str], cell: int) -> Statement:
    first, column = node.lineno, node.col_offset
    last = node.end_lineno or first
    for decorator in getattr(node, "decorator_list", ())[:1]:
        first, column = decorator.lineno, 0
        while first > 1 and not lines[first - 1].lstrip().startswith("@"):
            first -= 1
    # Columns count bytes. Cut at the end first: it may be the same line.
    rows = [line.encode() for line in lines[first - 1 : last]]
    rows[-1] = rows[-1][: node.end_col_offset]
    rows[0] = rows[0][column:]
    inside = list(_with_those_inside([node]))
    defines = frozenset(defined_names([node]))
    imported, changed = frozenset(_imported(inside)), frozenset(_changed(inside))
    used = frozenset(one.id for one in ast.walk(node) if isinstance(one, ast.Name)) | changed
    return Statement(
        b"\n".join(rows).decode(),
        cell,
        first,
        last,
        defines,
        defines | imported | changed,
        used,
        frozenset() if isinstance(node, _DEFINITIONS) else frozenset(_needed(node)) | changed,
        any(isinstance(one, ast.ImportFrom) and one.names[0].name == "*" for one in inside),
    )


def _is_kept(node: ast.stmt) -> bool:
    match node:
        case ast.Import() | ast.ImportFrom() | ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            return True
        case ast.Assign(targets=targets, value=value):
            return all(map(_is_plain, [*targets, value]))
        case ast.AnnAssign(target=target, value=value):
            return value is None or (_is_plain(target) and _is_plain(value))
        case ast.AugAssign(target=ast.Name(), value=value):
            return _is_plain(value)
        case ast.If(test=test, body=body, orelse=other):
            names = {one.id for one in ast.walk(test) if isinstance(one, ast.Name)}
            return _is_plain(test) and "__name__" not in names and _are_kept([*body, *other])
        case ast.Try(body=body, handlers=handlers, orelse=other, finalbody=last):
            return _are_kept([*body, *other, *last]) and all(_are_kept(handler.body) for handler in handlers)
    return False


def _are_kept(body: Sequence[ast.stmt]) -> bool:
    return all(isinstance(node, ast.Pass) or _is_kept(node) for node in body)


def _is_plain(expression: ast.expr) -> bool:
    return all(isinstance(one, _PLAIN) or _is_harmless(one) for one in _walk(expression))


def _is_harmless(node: ast.AST) -> bool:
    if not isinstance(node, ast.Call):
        return False
    function = node.func
    if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Constant):
        return function.attr in _METHODS
    name = _dotted(function)
    return name in _CALLS or name.startswith(_MODULES)


def _dotted(node: ast.expr) -> str:
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join(reversed([*parts, node.id])) if isinstance(node, ast.Name) else ""


def _walk(node: ast.AST) -> Iterator[ast.AST]:
    """A node and all in it that is run with it: not what is in a lambda."""
    waiting = [node]
    while waiting:
        one = waiting.pop()
        yield one
        if isinstance(one, ast.Lambda):
            waiting += [*one.args.defaults, *filter(None, one.args.kw_defaults)]
        else:
            waiting += ast.iter_child_nodes(one)


def _needed(node: ast.stmt) -> Iterator[str]:
    """The names that a statement reads when it is run, but for those of definitions and of its own comprehensions."""
    inside = list(_with_those_inside([node]))
    own = set(defined_names([node])) | set(_imported(inside)) if isinstance(node, ast.If | ast.Try) else set()
    for one in inside:
        if isinstance(one, _DEFINITIONS):
            continue
        parts = [one.test] if isinstance(one, ast.If) else [] if isinstance(one, ast.Try) else [one]
        names = [name for part in parts for name in _walk(part) if isinstance(name, ast.Name)]
        loops = [loop for part in parts for loop in _walk(part) if isinstance(loop, ast.comprehension)]
        bound = own | {name.id for loop in loops for name in ast.walk(loop.target) if isinstance(name, ast.Name)}
        yield from (name.id for name in names if isinstance(name.ctx, ast.Load) and name.id not in bound)
        if isinstance(one, ast.AugAssign) and isinstance(one.target, ast.Name):
            yield one.target.id


def _with_those_inside(body: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    """Some statements, and those in the branches of them that are run in the same place."""
    for node in body:
        yield node
        if isinstance(node, ast.If | ast.Try):
            yield from _with_those_inside([*node.body, *node.orelse])
        if isinstance(node, ast.Try):
            yield from _with_those_inside([one for handler in node.handlers for one in handler.body] + node.finalbody)


def _imported(inside: Collection[ast.stmt]) -> Iterator[str]:
    for node in inside:
        if isinstance(node, ast.Import):
            yield from (one.asname or one.name.partition(".")[0] for one in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (one.asname or one.name for one in node.names)


def _changed(inside: Collection[ast.stmt]) -> Iterator[str]:
    """Of `Layer.forward = f` and `table["a"] = 1` the names Layer and table: whoever needs those needs this."""
    for node in inside:
        for target in node.targets if isinstance(node, ast.Assign) else ():
            for one in ast.walk(target):
                match one:
                    case ast.Attribute(value=ast.Name(id=name), ctx=ast.Store()):
                        yield name
                    case ast.Subscript(value=ast.Name(id=name), ctx=ast.Store()):
                        yield name
