"""Finds uses of forbidden names by reading a solution, never running it."""

from __future__ import annotations

import ast
import io
import itertools
from collections.abc import Iterable, Sequence
from contextlib import suppress
from functools import lru_cache
from types import ModuleType

from judge.forbidden import texts
from judge.forbidden.expressions import Expressions
from judge.forbidden.names import Forbids, Use, resolve
from judge.forbidden.scopes import NOTHING, Known, Scope, limited
from judge.parsing import parse


def find_uses(source: str, forbids: Sequence[str]) -> list[Use]:
    """Every line of a solution that names something forbidden in an expression, in the order of lines.

    Not reported: a solution's own things of the same name, annotations, types that are only compared with
    (isinstance), what stands under `if __name__ == "__main__":`. A source that is no Python has no uses. Raises
    TooMuchToRead.
    """
    try:
        tree = parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    reader = _Reader(_known(tuple(forbids)), tree)
    reader.read()
    reader.read()  # knowing the attributes and globals that the functions bind
    lines = io.StringIO(source, newline=None).readlines()
    return [Use(name, line, lines[line - 1].strip(), "source") for line, name in sorted(reader.found)]


@lru_cache(maxsize=256)
def _known(forbids: tuple[str, ...]) -> Forbids:
    """Kept, since a class hands in many solutions to few problems."""
    return Forbids(forbids)


class _Reader(Expressions):
    """Walks through the statements as Python would, into every branch."""

    def read(self) -> None:
        self.module = Scope(names=self.module.bound_by_functions)
        self.stars, self.values, self.later = {}, {}, []
        self.block(self.tree.body, self.module)
        for body, scope in self.later:  # grows: a function's body runs when the names around it are complete
            self.block([ast.Expr(body)] if isinstance(body, ast.expr) else body, scope)

    def block(self, statements: Iterable[ast.stmt], scope: Scope) -> None:
        for statement in statements:
            with suppress(RecursionError):  # hundreds of nested brackets; the other statements are still read
                self.statement(statement, scope)

    def statement(self, node: ast.stmt, scope: Scope) -> None:
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
                inside = Scope(scope.for_functions(), is_class=True)
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
                for part in itertools.chain(*(ast.walk(case.pattern) for case in node.cases)):
                    if isinstance(part, ast.MatchAs | ast.MatchStar) and part.name:
                        scope.bind(part.name, NOTHING)
                self.each((case.guard for case in node.cases), scope)
                self.branches(scope, [[], *(case.body for case in node.cases)])
            case ast.Global() if scope is not self.module:  # there it says nothing
                scope.elsewhere.update(dict.fromkeys(node.names, self.module))
            case ast.Nonlocal():
                for name in node.names:
                    if scope.parent and (home := scope.parent.home(name)):
                        scope.elsewhere[name] = home
            case ast.Delete():
                for target in node.targets:
                    if isinstance(target, ast.Name):
                        scope.put(target.id, None)
            case _:
                self.each((child for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr)), scope)

    def branches(self, scope: Scope, bodies: Iterable[Sequence[ast.stmt]]) -> None:
        """One of these runs: afterwards a name is what any of them made it."""
        outside, ends = scope.before, []
        for body in bodies:
            before = scope.before = {}
            self.block(body, scope)
            ends.append(scope.undo(before))
        scope.before = outside
        for name in dict.fromkeys(itertools.chain(*ends)):
            found = [end.get(name, scope.names.get(name)) for end in ends]
            bound = [values for values in found if values is not None]
            scope.put(name, limited(*bound) if bound else None)

    def never_runs(self, test: ast.expr, scope: Scope) -> bool:
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

    def import_modules(self, node: ast.Import, scope: Scope) -> None:
        for alias in node.names:
            self.report_module(alias.name, node)
            bound = alias.name if alias.asname else alias.name.split(".")[0]
            scope.bind(alias.asname or bound, frozenset({Known(bound)}))

    def import_names(self, node: ast.ImportFrom, scope: Scope) -> None:
        if node.level or not node.module:
            return
        self.report_module(node.module, node)
        for alias in node.names:
            path = f"{node.module}.{alias.name}"
            if alias.name == "*":
                self.stars[node.module] = None
            else:
                if isinstance(resolve(path), ModuleType):
                    self.report_module(path, node)
                scope.bind(alias.asname or alias.name, frozenset({Known(path)}))
