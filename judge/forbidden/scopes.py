"""Which names a solution's scopes bind, and to what, as far as reading tells."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

MOST_VALUES = 32  # of one expression; more are forgotten, so that no source takes long to read


@dataclass(frozen=True)
class Known:
    """Something with a qualified name, "torch.nn.functional"; a namespace dictionary has its owner's + ".__dict__"."""

    path: str


# What an expression may stand for: qualified names and constant strings. Empty: something of the solution's own.
Values = frozenset[Known | str]
NOTHING: Values = frozenset()


@dataclass
class Scope:
    """The names bound so far in a module, class, function or comprehension."""

    parent: Scope | None = None
    is_class: bool = False
    is_comprehension: bool = False
    names: dict[str, Values] = field(default_factory=dict)
    bound_by_functions: dict[str, Values] = field(default_factory=dict)
    elsewhere: dict[str, Scope] = field(default_factory=dict)  # names declared global or nonlocal -> where they live
    before: dict[str, Values | None] = field(default_factory=dict)  # what this branch changed -> what that was

    def bind(self, name: str, values: Values) -> None:
        if home := self.elsewhere.get(name):  # nobody knows when, so what was bound before stays possible
            home.put(name, limited(home.names.get(name, NOTHING), values))
            home.bound_by_functions[name] = limited(home.bound_by_functions.get(name, NOTHING), values)
        else:
            self.put(name, values)

    def put(self, name: str, values: Values | None) -> None:
        """Binds a name here, or unbinds it with None."""
        self.before.setdefault(name, self.names.get(name))
        if values is None:
            self.names.pop(name, None)
        else:
            self.names[name] = values

    def undo(self, before: dict[str, Values | None]) -> dict[str, Values | None]:
        """Makes the names that a branch changed what they were before; what the branch had made them."""
        after = {name: self.names.get(name) for name in before}
        for name, values in before.items():
            self.put(name, values)
        return after

    def home(self, name: str) -> Scope | None:
        """The scope that binds a name; None for a builtin."""
        scope: Scope | None = self
        while scope is not None and name not in scope.names:
            scope = scope.elsewhere.get(name) or scope.parent
        return scope

    def for_functions(self) -> Scope | None:
        """What a function or class defined here sees: not the names of a class body."""
        return self.parent if self.is_class else self

    def for_walrus(self) -> Scope:
        return self.parent.for_walrus() if self.is_comprehension and self.parent else self


def limited(*parts: Iterable[Known | str]) -> Values:
    return frozenset(itertools.islice(itertools.chain(*parts), MOST_VALUES))


def own_attributes(tree: ast.Module) -> set[str]:
    """The names of all methods that the solution defines and of all attributes that it sets."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            found |= {item.name for item in node.body if isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef)}
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            found.add(node.attr)
    return found


def local_names(arguments: ast.arguments, body: Sequence[ast.stmt] | ast.expr) -> set[str]:
    """The parameters and every name that a function's body binds, less those declared global or nonlocal."""
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
    names = {argument.arg for argument in every if argument}
    foreign: set[str] = set()
    to_visit: list[ast.AST] = [body] if isinstance(body, ast.expr) else list(body)
    while to_visit:
        node = to_visit.pop()
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                names.add(name)
                continue
            case ast.Lambda():
                continue
            case ast.ListComp() | ast.SetComp() | ast.GeneratorExp() | ast.DictComp():
                walrus = [part.target for part in ast.walk(node) if isinstance(part, ast.NamedExpr)]
                to_visit += walrus
                continue
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
                names.add(name)
            case ast.alias():
                names.add(node.asname or node.name.split(".")[0])
            case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)) | ast.ExceptHandler(name=str(name)):
                names.add(name)
            case ast.Global(names=declared) | ast.Nonlocal(names=declared):
                foreign.update(declared)
        to_visit += ast.iter_child_nodes(node)
    return names - foreign
