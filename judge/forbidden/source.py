"""Finds uses of forbidden names by reading a solution, never running it."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from types import ModuleType

from judge.forbidden import texts
from judge.forbidden.names import Forbids, Use, resolve

MOST_VALUES = 16  # of one expression; more are forgotten, so that no source is slow to read


@dataclass(frozen=True)
class Known:
    """Something with a qualified name, "torch.nn.functional"; a namespace dictionary is its owner's + ".__dict__"."""

    path: str


# What an expression may stand for: qualified names, constant strings, or (empty) anything of the solution's own.
Values = frozenset[Known | str]
NOTHING: Values = frozenset()

ATTRIBUTE_READERS = {
    "builtins.getattr",
    "inspect.getattr_static",
    "builtins.object.__getattribute__",
    "builtins.type.__getattribute__",
}
IMPORTERS = {"importlib.import_module", "builtins.__import__", "importlib.__import__"}
OWN_NAMES = {"builtins.globals", "builtins.locals", "builtins.vars"}
OWN_NAMESPACE = "globals().__dict__"
DICTIONARY_READERS = {"get", "pop", "setdefault", "__getitem__"}
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.GeneratorExp, ast.DictComp)


def find_uses(source: str, forbids: Sequence[str]) -> list[Use]:
    """Every line of a solution that names something forbidden in an expression, in the order of lines.

    Not reported: a solution's own things of the same name, annotations, types that are only compared with
    (isinstance), what stands under `if __name__ == "__main__":`. A source that is no Python has no uses.
    """
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    reader = _Reader(Forbids(forbids), tree)
    for _ in range(2):  # the second time with what functions bind for each other: globals and attributes
        reader.read(tree)
    lines = source.splitlines()
    found = sorted({(line, name) for line, name in reader.found})
    return [Use(name, line, lines[line - 1].strip() if line <= len(lines) else "", "source") for line, name in found]


@dataclass
class _Scope:
    """The names bound so far in a module, class, function or comprehension."""

    parent: _Scope | None = None
    is_class: bool = False
    names: dict[str, Values] = field(default_factory=dict)
    elsewhere: dict[str, _Scope] = field(default_factory=dict)  # names declared global or nonlocal -> where they live

    def bind(self, name: str, values: Values) -> None:
        if home := self.elsewhere.get(name):  # at a time we do not know, so what was bound before stays possible
            home.names[name] = home.names.get(name, NOTHING) | values
        else:
            self.names[name] = values

    def home(self, name: str) -> _Scope | None:
        """The scope that a name is looked up in; None for a builtin."""
        scope: _Scope | None = self
        while scope is not None and name not in scope.names:
            scope = scope.elsewhere.get(name) or scope.parent
        return scope

    def outside(self) -> _Scope:
        """What a function defined here sees: not the names of a class body."""
        return self.parent.outside() if self.is_class and self.parent else self


class _Reader:
    def __init__(self, forbids: Forbids, tree: ast.Module) -> None:
        self.forbids = forbids
        self.found: set[tuple[int, str]] = set()
        self.attributes: dict[str, Values] = {}  # of any object: what was bound to x.name somewhere
        self.globals: dict[str, Values] = {}  # bound by functions
        self.own_attributes = _own_attributes(tree)

    def read(self, tree: ast.Module) -> None:
        self.found.clear()
        self.stars: list[str] = []
        self.later: list[tuple[_Scope, Callable[[_Scope], None]]] = []
        self.module = _Scope()
        self.module.names.update(self.globals)
        try:
            self.block(tree.body, self.module)
            before = dict(self.module.names)
            for scope, body in self.later:  # grows: function bodies run when what surrounds them is complete
                body(scope)
            self.globals = {
                name: values for name, values in self.module.names.items() if values != before.get(name, NOTHING)
            }
        except RecursionError:  # thousands of nested brackets: what was found so far stands
            return

    # Statements

    def block(self, statements: Iterable[ast.stmt], scope: _Scope) -> None:
        for statement in statements:
            self.statement(statement, scope)

    def branches(self, scope: _Scope, *bodies: Callable[[], None]) -> None:
        """Bodies of which one or none runs: afterwards a name is what any of them may have bound."""
        before = dict(scope.names)
        ends = []
        for body in bodies:
            scope.names = dict(before)
            body()
            ends.append(scope.names)
        scope.names = {}
        for end in ends:
            for name, values in end.items():
                scope.names[name] = _limited(scope.names.get(name, NOTHING) | values)

    def statement(self, node: ast.stmt, scope: _Scope) -> None:
        match node:
            case ast.Import() | ast.ImportFrom():
                self.imports(node, scope)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                self.expressions(node.decorator_list, scope)
                self.function(node.args, node.body, scope)
                scope.bind(node.name, NOTHING)
            case ast.ClassDef():
                self.expressions([*node.decorator_list, *node.bases, *(word.value for word in node.keywords)], scope)
                inside = _Scope(scope, is_class=True)
                self.block(node.body, inside)
                for name, values in inside.names.items():
                    self.remember(name, values)
                scope.bind(node.name, NOTHING)
            case ast.Assign():
                for target in node.targets[:-1]:
                    self.assign(target, node.value, scope)
                self.assign(node.targets[-1], node.value, scope)
            case ast.AnnAssign():
                if node.value:
                    self.assign(node.target, node.value, scope)
            case ast.AugAssign():
                sum_of_both = ast.BinOp(_as_load(node.target), node.op, node.value)
                self.assign(node.target, ast.copy_location(sum_of_both, node), scope)
            case ast.For() | ast.AsyncFor():
                self.loop(node.target, node.iter, scope)
                self.branches(scope, lambda: self.block(node.body, scope), lambda: None)
                self.block(node.orelse, scope)
            case ast.While():
                self.value(node.test, scope)
                self.branches(scope, lambda: self.block(node.body, scope), lambda: None)
                self.block(node.orelse, scope)
            case ast.If():
                self.value(node.test, scope)
                skipped = self.never_runs(node.test, scope)
                body = [] if skipped else node.body
                self.branches(scope, lambda: self.block(body, scope), lambda: self.block(node.orelse, scope))
                if skipped:
                    self.block(node.orelse, scope)
            case ast.With() | ast.AsyncWith():
                for item in node.items:
                    self.value(item.context_expr, scope)
                    if item.optional_vars:
                        self.bind(item.optional_vars, NOTHING, scope)
                self.block(node.body, scope)
            case ast.Try() | ast.TryStar():
                self.branches(scope, lambda: self.block([*node.body, *node.orelse], scope), lambda: None)
                handlers = [lambda handler=handler: self.handler(handler, scope) for handler in node.handlers]
                self.branches(scope, lambda: None, *handlers)
                self.block(node.finalbody, scope)
            case ast.Match():
                self.value(node.subject, scope)
                cases = [lambda case=case: self.case(case, scope) for case in node.cases]
                self.branches(scope, lambda: None, *cases)
            case ast.Global():
                scope.elsewhere.update(dict.fromkeys(node.names, self.module))
            case ast.Nonlocal():
                for name in node.names:
                    if scope.parent and (home := scope.parent.home(name)):
                        scope.elsewhere[name] = home
            case ast.Delete():
                for target in node.targets:
                    if isinstance(target, ast.Name):
                        scope.names.pop(target.id, None)
            case _:
                self.expressions((child for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr)), scope)
