"""What the expressions of a solution may stand for, and which forbidden things they name."""

from __future__ import annotations

import ast
import builtins
import itertools
from collections.abc import Iterable, Sequence
from functools import partial

from judge.forbidden import texts
from judge.forbidden.names import Forbids, is_too_long, match_text
from judge.forbidden.scopes import NOTHING, Known, Scope, Values, limited, local_names, own_attributes

Comprehension = ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp
Body = Sequence[ast.stmt] | ast.expr

ATTRIBUTE_READERS = {
    "builtins.getattr",
    "inspect.getattr_static",
    "builtins.object.__getattribute__",
    "builtins.type.__getattribute__",
}
IMPORTERS = {"importlib.import_module", "builtins.__import__", "importlib.__import__"}
TYPE_TESTS = {"builtins.isinstance", "builtins.issubclass"}
OWN_NAMESPACE = "<own>.__dict__"
DICTIONARY_READERS = ("get", "pop", "setdefault", "__getitem__")


MOST_LOOKED_UP = 50_000  # values in one source; torch/nn/functional.py itself has 2700


class TooMuchToRead(ValueError):
    """A source made so that looking up all that it names would take minutes."""


class Expressions:
    """Reads expressions as Python would, but with `Values` for values and both sides of every choice."""

    def __init__(self, forbids: Forbids, tree: ast.Module) -> None:
        self.forbids = forbids
        self.tree = tree
        self.found: set[tuple[int, str]] = set()
        self.looked_up = 0
        self.own_attributes = own_attributes(tree)
        self.attributes: dict[str, Values] = {}  # what was bound to that attribute of anything
        self.module = Scope()
        self.stars: dict[str, None] = {}  # modules whose names were all imported, in their order
        self.values: dict[ast.expr, Values] = {}  # of what was read; once, or nesting would take for ever
        self.later: list[tuple[Body, Scope]] = []  # functions' bodies

    def each(self, nodes: Iterable[ast.expr | None], scope: Scope) -> None:
        for node in nodes:
            if node is not None:
                self.value(node, scope)

    def texts(self, node: ast.expr, scope: Scope) -> list[str]:
        return [value for value in self.value(node, scope) if isinstance(value, str)]

    def value(self, node: ast.expr, scope: Scope) -> Values:
        """What an expression may stand for; reports what is forbidden in it, and then forgets that value."""
        if node not in self.values:
            self.values[node] = self.allowed(self.evaluate(node, scope), node)
        return self.values[node]

    def allowed(self, values: Values, node: ast.expr) -> Values:
        self.looked_up += len(values)
        if self.looked_up > MOST_LOOKED_UP:
            raise TooMuchToRead("the file names too many things to be searched for what this problem forbids")
        kept = set()
        for value in values:
            if isinstance(value, Known) and (name := self.forbids.match(value.path)):
                self.found.add((node.lineno, name))
            elif isinstance(value, str) or not is_too_long(value.path):
                kept.add(value)
        return frozenset(kept)

    def evaluate(self, node: ast.expr, scope: Scope) -> Values:
        match node:
            case ast.Name():
                return self.lookup(node.id, scope)
            case ast.Attribute():
                return self.attribute(self.value(node.value, scope), node.attr)
            case ast.Call():
                return self.call(node, scope)
            case ast.Subscript():
                self.each([node.value, node.slice], scope)
                found = self.entries(self.value(node.value, scope), self.texts(node.slice, scope), scope)
                return limited(found, texts.fold(node, partial(self.texts, scope=scope)))
            case ast.IfExp():
                self.value(node.test, scope)
                return limited(self.value(node.body, scope), self.value(node.orelse, scope))
            case ast.BoolOp():
                return limited(*(self.value(part, scope) for part in node.values))
            case ast.NamedExpr():
                self.bind_to(node.target, [node.value], scope.for_walrus())
                return self.value(node.value, scope)
            case ast.Lambda():
                self.function(node.args, node.body, scope)
                return NOTHING
            case ast.ListComp() | ast.SetComp() | ast.GeneratorExp() | ast.DictComp():
                return self.comprehension(node, scope)
            case ast.Compare() if self.is_type_of_something(node.left, scope):
                self.value(node.left, scope)  # compared with types, which uses none of them
                return NOTHING
        self.each((child for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr)), scope)
        return frozenset(texts.fold(node, partial(self.texts, scope=scope)))

    def lookup(self, name: str, scope: Scope) -> Values:
        if home := scope.home(name):
            return home.names[name]
        found = []
        if name == "__builtins__":
            found.append(Known("builtins"))
        elif hasattr(builtins, name):
            found.append(Known(f"builtins.{name}"))
        return limited(found, (Known(f"{module}.{name}") for module in self.stars))

    def attribute(self, owners: Values, name: str) -> Values:
        if not owners:
            return self.attributes.get(name, NOTHING)
        return frozenset(Known(f"{owner.path}.{name}") for owner in owners if isinstance(owner, Known))

    def entries(self, dictionaries: Values, keys: Iterable[str], scope: Scope) -> Values:
        """What a namespace's dictionary, or sys.modules, holds under these keys."""
        found: list[Values] = []
        for dictionary, key in itertools.product(dictionaries, keys):
            match dictionary:
                case Known(path="sys.modules"):
                    found.append(frozenset({Known(key)}))
                case Known(path="builtins"):
                    found.append(frozenset({Known(f"builtins.{key}")}))
                case Known(path=path) if path == OWN_NAMESPACE:
                    found.append(self.lookup(key, scope))
                case Known(path=path) if path.endswith(".__dict__"):
                    found.append(frozenset({Known(f"{path.removesuffix('.__dict__')}.{key}")}))
        return limited(*found)

    def comprehension(self, node: Comprehension, scope: Scope) -> Values:
        inside = Scope(scope, is_comprehension=True)
        for part in node.generators:
            self.loop(part.target, part.iter, inside)
            self.each(part.ifs, inside)
        self.each([node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt], inside)
        return NOTHING

    def is_type_of_something(self, node: ast.expr, scope: Scope) -> bool:
        match node:
            case ast.Attribute(attr="__class__"):
                return True
            case ast.Call(func=function, args=[_]):
                return self.value(function, scope) == {Known("builtins.type")}
        return False

    # --- what they bind

    def function(self, arguments: ast.arguments, body: Body, scope: Scope) -> None:
        self.each([*arguments.defaults, *arguments.kw_defaults], scope)
        inside = Scope(scope.for_functions(), names=dict.fromkeys(local_names(arguments, body), NOTHING))
        self.later.append((body, inside))

    def bind_to(self, target: ast.expr, sources: Sequence[ast.expr], scope: Scope) -> None:
        """Binds a target to any one of the source expressions, unpacking what is written as a tuple."""
        if isinstance(target, ast.Tuple | ast.List):
            rows = [row.elts for row in sources if isinstance(row, ast.Tuple | ast.List)]
            rows = [row for row in rows if len(row) == len(target.elts)]
            for index, part in enumerate(target.elts):
                self.bind_to(part, [row[index] for row in rows], scope)
        else:
            self.bind(target, limited(*(self.value(source, scope) for source in sources)), scope)

    def bind(self, target: ast.expr, values: Values, scope: Scope) -> None:
        match target:
            case ast.Name():
                scope.bind(target.id, values)
            case ast.Attribute():
                self.value(target.value, scope)
                self.remember(target.attr, values)
            case ast.Tuple() | ast.List():
                for part in target.elts:
                    self.bind(part, NOTHING, scope)
            case ast.Starred():
                self.bind(target.value, NOTHING, scope)
            case _:
                self.each((child for child in ast.iter_child_nodes(target) if isinstance(child, ast.expr)), scope)

    def remember(self, attribute: str, values: Values) -> None:
        if values:
            self.attributes[attribute] = limited(self.attributes.get(attribute, NOTHING), values)

    def loop(self, target: ast.expr, iterable: ast.expr, scope: Scope) -> None:
        self.value(iterable, scope)
        items = iterable.elts if isinstance(iterable, ast.Tuple | ast.List | ast.Set) else []
        self.bind_to(target, items, scope)

    # --- calls

    def call(self, node: ast.Call, scope: Scope) -> Values:
        functions = [value.path for value in self.value(node.func, scope) if isinstance(value, Known)]
        arguments = list(node.args)
        if TYPE_TESTS.intersection(functions):
            arguments = arguments[:1]
        elif "typing.cast" in functions:
            arguments = arguments[1:]
        self.each([*arguments, *(word.value for word in node.keywords)], scope)
        self.report_method(node, scope)
        found = [self.called(function, node, arguments, scope) for function in functions]
        return limited(*found, texts.fold(node, partial(self.texts, scope=scope)))

    def called(self, function: str, node: ast.Call, arguments: list[ast.expr], scope: Scope) -> Values:
        """What a call of something known returns, as far as it hands out other known things."""
        owner, _, reader = function.rpartition(".")
        if not arguments:
            own = function in ("builtins.globals", "builtins.locals", "builtins.vars")
            return frozenset({Known(OWN_NAMESPACE)}) if own else NOTHING
        first = self.value(arguments[0], scope)
        names = [value for value in first if isinstance(value, str)]
        if function in IMPORTERS:
            for name in names:
                self.report_module(name, node)
            whole = function == "importlib.import_module" or len(arguments) > 3 or len(node.keywords) > 0
            return frozenset(Known(name if whole else name.split(".")[0]) for name in names)
        if function in ATTRIBUTE_READERS and len(arguments) > 1:
            return limited(*(self.attribute(first, name) for name in self.texts(arguments[1], scope)))
        if function == "builtins.vars":
            return self.attribute(first, "__dict__")
        if function == "operator.attrgetter":
            return frozenset(Known(f"operator.attrgetter().{name}") for name in names)
        if function.startswith("operator.attrgetter()."):
            return self.attribute(first, function.removeprefix("operator.attrgetter()."))
        if reader in ("__getattribute__", "__getattr__"):
            return frozenset(Known(f"{owner}.{name}") for name in names)
        if reader in DICTIONARY_READERS:
            return self.entries(frozenset({Known(owner)}), names, scope)
        return NOTHING

    def report_method(self, node: ast.Call, scope: Scope) -> None:
        """A method of a tensor, called on anything that may be one and whose class the solution does not write."""
        if not isinstance(node.func, ast.Attribute) or node.func.attr in self.own_attributes:
            return
        if not self.value(node.func.value, scope) and (name := self.forbids.match_method(node.func.attr)):
            self.found.add((node.func.end_lineno or node.lineno, name))

    def report_module(self, path: str, node: ast.stmt | ast.expr) -> None:
        """A module is used by importing it; of a function only a use counts, not that it was imported."""
        for pattern in self.forbids.patterns:
            if name := match_text(pattern, path):
                self.found.add((node.lineno, name))
