"""Finds uses of forbidden names by reading a solution, never running it."""

from __future__ import annotations

import ast
import builtins
import io
import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from types import ModuleType

from judge.forbidden import texts
from judge.forbidden.names import Forbids, Use, match_text, resolve

MOST_VALUES = 32  # of one expression; more are forgotten, so that no source takes long to read


@dataclass(frozen=True)
class Known:
    """Something with a qualified name, "torch.nn.functional"; a namespace dictionary has its owner's + ".__dict__"."""

    path: str


# What an expression may stand for: qualified names and constant strings. Empty: something of the solution's own.
Values = frozenset[Known | str]
NOTHING: Values = frozenset()
Comprehension = ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp

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
    for _ in range(2):  # the second time knowing the attributes and globals that the functions bind
        reader.read()
    lines = io.StringIO(source, newline=None).readlines()
    return [Use(name, line, lines[line - 1].strip(), "source") for line, name in sorted(reader.found)]


@dataclass
class _Scope:
    """The names bound so far in a module, class, function or comprehension."""

    parent: _Scope | None = None
    is_class: bool = False
    is_comprehension: bool = False
    names: dict[str, Values] = field(default_factory=dict)
    bound_by_functions: dict[str, Values] = field(default_factory=dict)
    elsewhere: dict[str, _Scope] = field(default_factory=dict)  # names declared global or nonlocal -> where they live

    def bind(self, name: str, values: Values) -> None:
        if home := self.elsewhere.get(name):  # nobody knows when, so what was bound before stays possible
            home.names[name] = home.names.get(name, NOTHING) | values
            home.bound_by_functions[name] = home.bound_by_functions.get(name, NOTHING) | values
        else:
            self.names[name] = values

    def home(self, name: str) -> _Scope | None:
        """The scope that binds a name; None for a builtin."""
        scope: _Scope | None = self
        while scope is not None and name not in scope.names:
            scope = scope.elsewhere.get(name) or scope.parent
        return scope

    def for_functions(self) -> _Scope | None:
        """What a function or class defined here sees: not the names of a class body."""
        return self.parent if self.is_class else self

    def for_walrus(self) -> _Scope:
        return self.parent.for_walrus() if self.is_comprehension and self.parent else self


class _Reader:
    """Walks through the source as Python would, but with `Values` for values and into every branch."""

    def __init__(self, forbids: Forbids, tree: ast.Module) -> None:
        self.forbids = forbids
        self.tree = tree
        self.found: set[tuple[int, str]] = set()
        self.own_attributes = _own_attributes(tree)
        self.attributes: dict[str, Values] = {}  # what was bound to that attribute of anything
        self.module = _Scope()

    def read(self) -> None:
        self.stars: list[str] = []
        self.later: list[Callable[[], object]] = []
        self.values: dict[ast.expr, Values] = {}
        self.module = _Scope(names=self.module.bound_by_functions)
        try:
            self.block(self.tree.body, self.module)
            for body in self.later:  # grows: a function's body runs when the names around it are complete
                body()
        except RecursionError:  # hundreds of nested brackets: what was found so far stands
            return

    # --- statements

    def block(self, statements: Iterable[ast.stmt], scope: _Scope) -> None:
        for statement in statements:
            self.statement(statement, scope)

    def statement(self, node: ast.stmt, scope: _Scope) -> None:
        match node:
            case ast.Import():
                self.import_modules(node, scope)
            case ast.ImportFrom():
                self.import_names(node, scope)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                self.each(node.decorator_list, scope)
                self.function(node.args, node.body, scope)
                scope.bind(node.name, NOTHING)
            case ast.ClassDef():
                self.each([*node.decorator_list, *node.bases, *(word.value for word in node.keywords)], scope)
                inside = _Scope(scope.for_functions(), is_class=True)
                self.block(node.body, inside)
                for name, values in inside.names.items():
                    self.remember(name, values)
                scope.bind(node.name, NOTHING)
            case ast.Assign():
                self.value(node.value, scope)
                for target in node.targets:
                    self.bind_to(target, [node.value], scope)
            case ast.AnnAssign():
                if node.value:
                    self.bind_to(node.target, [node.value], scope)
            case ast.AugAssign():
                more = self.texts(node.value, scope)
                if isinstance(node.target, ast.Name) and isinstance(node.op, ast.Add):
                    before = [value for value in self.lookup(node.target.id, scope) if isinstance(value, str)]
                    scope.bind(node.target.id, frozenset(texts.added([before, more])))
            case ast.For() | ast.AsyncFor():
                self.loop(node.target, node.iter, scope)
                self.branches(scope, [node.body, []])
                self.block(node.orelse, scope)
            case ast.While():
                self.value(node.test, scope)
                self.branches(scope, [node.body, []])
                self.block(node.orelse, scope)
            case ast.If():
                never = self.never_runs(node.test, scope)
                self.value(node.test, scope)
                self.branches(scope, [[] if never else node.body, node.orelse])
            case ast.With() | ast.AsyncWith():
                for item in node.items:
                    self.value(item.context_expr, scope)
                    if item.optional_vars:
                        self.bind(item.optional_vars, NOTHING, scope)
                self.block(node.body, scope)
            case ast.Try() | ast.TryStar():
                self.branches(scope, [[*node.body, *node.orelse], []])
                self.branches(scope, [[], *(handler.body for handler in node.handlers)])
                self.block(node.finalbody, scope)
            case ast.Match():
                self.value(node.subject, scope)
                for part in ast.walk(node):
                    if isinstance(part, ast.MatchAs | ast.MatchStar) and part.name:
                        scope.bind(part.name, NOTHING)
                self.each((case.guard for case in node.cases), scope)
                self.branches(scope, [[], *(case.body for case in node.cases)])
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
                self.each((child for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr)), scope)

    def branches(self, scope: _Scope, bodies: Iterable[Sequence[ast.stmt]]) -> None:
        """One of these runs: afterwards a name is what any of them made it."""
        before, ends = scope.names, []
        for body in bodies:
            scope.names = dict(before)
            self.block(body, scope)
            ends.append(scope.names)
        names = dict.fromkeys(itertools.chain(*ends))
        scope.names = {name: _limited(*(end.get(name, NOTHING) for end in ends)) for name in names}

    def never_runs(self, test: ast.expr, scope: _Scope) -> bool:
        """`if __name__ == "__main__":`, where comparing with torch is welcome, and `if TYPE_CHECKING:`."""
        match test:
            case (
                ast.Compare(left=ast.Name(id="__name__"), ops=[ast.Eq()], comparators=[ast.Constant(value="__main__")])
                | ast.Compare(
                    left=ast.Constant(value="__main__"), ops=[ast.Eq()], comparators=[ast.Name(id="__name__")]
                )
            ):
                return scope.home("__name__") is None
        return self.value(test, scope) == {Known("typing.TYPE_CHECKING")}

    def import_modules(self, node: ast.Import, scope: _Scope) -> None:
        for alias in node.names:
            self.report_module(alias.name, node)
            bound = alias.name if alias.asname else alias.name.split(".")[0]
            scope.bind(alias.asname or bound, frozenset({Known(bound)}))

    def import_names(self, node: ast.ImportFrom, scope: _Scope) -> None:
        if node.level or not node.module:
            return
        self.report_module(node.module, node)
        for alias in node.names:
            path = f"{node.module}.{alias.name}"
            if alias.name == "*":
                self.stars.append(node.module)
            else:
                if isinstance(resolve(path), ModuleType):
                    self.report_module(path, node)
                scope.bind(alias.asname or alias.name, frozenset({Known(path)}))

    def report_module(self, path: str, node: ast.stmt | ast.expr) -> None:
        """A module is used by importing it; of a function only a use counts, not that it was imported."""
        for pattern in self.forbids.patterns:
            if name := match_text(pattern, path):
                self.found.add((node.lineno, name))

    def function(self, arguments: ast.arguments, body: Sequence[ast.stmt] | ast.expr, scope: _Scope) -> None:
        self.each([*arguments.defaults, *arguments.kw_defaults], scope)
        inside = _Scope(scope.for_functions(), names=dict.fromkeys(_local_names(arguments, body), NOTHING))
        if isinstance(body, ast.expr):
            self.later.append(partial(self.value, body, inside))
        else:
            self.later.append(partial(self.block, body, inside))

    # --- binding

    def bind_to(self, target: ast.expr, sources: Sequence[ast.expr], scope: _Scope) -> None:
        """Binds a target to any one of the source expressions, unpacking what is written as a tuple."""
        if isinstance(target, ast.Tuple | ast.List):
            rows = [row.elts for row in sources if isinstance(row, ast.Tuple | ast.List)]
            rows = [row for row in rows if len(row) == len(target.elts)]
            for index, part in enumerate(target.elts):
                self.bind_to(part, [row[index] for row in rows], scope)
        else:
            self.bind(target, _limited(*(self.value(source, scope) for source in sources)), scope)

    def bind(self, target: ast.expr, values: Values, scope: _Scope) -> None:
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
            self.attributes[attribute] = _limited(self.attributes.get(attribute, NOTHING), values)

    def loop(self, target: ast.expr, iterable: ast.expr, scope: _Scope) -> None:
        self.value(iterable, scope)
        items = iterable.elts if isinstance(iterable, ast.Tuple | ast.List | ast.Set) else []
        self.bind_to(target, items, scope)

    # --- expressions

    def each(self, nodes: Iterable[ast.expr | None], scope: _Scope) -> None:
        for node in nodes:
            if node is not None:
                self.value(node, scope)

    def texts(self, node: ast.expr, scope: _Scope) -> list[str]:
        return [value for value in self.value(node, scope) if isinstance(value, str)]

    def value(self, node: ast.expr, scope: _Scope) -> Values:
        """What an expression may stand for; reports what is forbidden in it, and then forgets that value."""
        if node not in self.values:  # once: reading again at every level of nesting would take for ever
            self.values[node] = self.allowed(self.evaluate(node, scope), node)
        return self.values[node]

    def allowed(self, values: Values, node: ast.expr) -> Values:
        forbidden = set()
        for value in values:
            if isinstance(value, Known) and (name := self.forbids.match(value.path)):
                self.found.add((node.lineno, name))
                forbidden.add(value)
        return values - forbidden

    def evaluate(self, node: ast.expr, scope: _Scope) -> Values:
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
                return _limited(found, texts.fold(node, partial(self.texts, scope=scope)))
            case ast.IfExp():
                self.value(node.test, scope)
                return _limited(self.value(node.body, scope), self.value(node.orelse, scope))
            case ast.BoolOp():
                return _limited(*(self.value(part, scope) for part in node.values))
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

    def lookup(self, name: str, scope: _Scope) -> Values:
        if home := scope.home(name):
            return home.names[name]
        found = {Known(f"{module}.{name}") for module in self.stars}
        if name == "__builtins__":
            found.add(Known("builtins"))
        elif hasattr(builtins, name):
            found.add(Known(f"builtins.{name}"))
        return frozenset(found)

    def attribute(self, owners: Values, name: str) -> Values:
        if not owners:
            return self.attributes.get(name, NOTHING)
        return frozenset(Known(f"{owner.path}.{name}") for owner in owners if isinstance(owner, Known))

    def entries(self, dictionaries: Values, keys: Iterable[str], scope: _Scope) -> Values:
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
        return _limited(*found)

    def comprehension(self, node: Comprehension, scope: _Scope) -> Values:
        inside = _Scope(scope, is_comprehension=True)
        for part in node.generators:
            self.loop(part.target, part.iter, inside)
            self.each(part.ifs, inside)
        self.each([node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt], inside)
        return NOTHING

    def is_type_of_something(self, node: ast.expr, scope: _Scope) -> bool:
        match node:
            case ast.Attribute(attr="__class__"):
                return True
            case ast.Call(func=function, args=[_]):
                return self.value(function, scope) == {Known("builtins.type")}
        return False

    # --- calls

    def call(self, node: ast.Call, scope: _Scope) -> Values:
        functions = [value.path for value in self.value(node.func, scope) if isinstance(value, Known)]
        arguments = list(node.args)
        if TYPE_TESTS.intersection(functions):
            arguments = arguments[:1]
        elif "typing.cast" in functions:
            arguments = arguments[1:]
        self.each([*arguments, *(word.value for word in node.keywords)], scope)
        self.report_method(node, scope)
        found = [self.called(function, node, arguments, scope) for function in functions]
        return _limited(*found, texts.fold(node, partial(self.texts, scope=scope)))

    def called(self, function: str, node: ast.Call, arguments: list[ast.expr], scope: _Scope) -> Values:
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
            return _limited(*(self.attribute(first, name) for name in self.texts(arguments[1], scope)))
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

    def report_method(self, node: ast.Call, scope: _Scope) -> None:
        """A method of a tensor, called on anything that may be one and whose class the solution does not write."""
        if not isinstance(node.func, ast.Attribute) or node.func.attr in self.own_attributes:
            return
        if not self.value(node.func.value, scope) and (name := self.forbids.match_method(node.func.attr)):
            self.found.add((node.func.end_lineno or node.lineno, name))


def _limited(*parts: Iterable[Known | str]) -> Values:
    return frozenset(itertools.islice(itertools.chain(*parts), MOST_VALUES))


def _own_attributes(tree: ast.Module) -> set[str]:
    """The names of all methods that the solution defines and of all attributes that it sets."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            found |= {item.name for item in node.body if isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef)}
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            found.add(node.attr)
    return found


def _local_names(arguments: ast.arguments, body: Sequence[ast.stmt] | ast.expr) -> set[str]:
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
