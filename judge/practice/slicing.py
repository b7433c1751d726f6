"""Cutting out of a module what one of its functions needs, so that the function can stand by itself."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field


@dataclass
class Slice:
    """Statements of several modules, each once."""

    imports: dict[str, None] = field(default_factory=dict)  # whole lines, in the order in which they were found
    definitions: list[str] = field(default_factory=list)  # sources, what is needed before what needs it
    attributes: set[str] = field(default_factory=set)  # every name behind a dot: "normal" of make.normal

    @property
    def source(self) -> str:
        """Imports, then definitions."""
        return "\n\n\n".join(self.definitions)


class Slicer:
    """Collects what some names need.

    follow: the source of a module whose imports are not kept but cut out too; None for one that is imported. instead:
    definitions that stand for those of the same name.
    """

    def __init__(self, follow: Callable[[str], str | None], instead: Mapping[str, str]) -> None:
        self._follow = follow
        self._instead = instead
        self._modules: dict[str, dict[str, ast.stmt]] = {}
        self._done: set[tuple[str, str]] = set()
        self.found = Slice()

    def add(self, source: str, name: str, methods: Sequence[str] | None = None) -> None:
        """A name of a module with all that it needs; of a class only some methods, and those that they call."""
        if (source, name) in self._done:
            return
        self._done.add((source, name))
        if name in self._instead:
            self.found.definitions.append(self._instead[name])
            return
        statement = self._statements(source).get(name)
        if statement is None:
            return  # a builtin, or a local name
        if isinstance(statement, ast.Import):
            (alias,) = (one for one in statement.names if (one.asname or one.name.split(".")[0]) == name)
            self.found.imports[f"import {_alias(alias)}"] = None
            return
        if isinstance(statement, ast.ImportFrom):
            self._add_imported(statement, name)
            return
        text = _text(source, statement)
        if isinstance(statement, ast.ClassDef) and methods is not None:
            text = _with_methods(source, statement, methods)
            statement = ast.parse(text).body[0]
        for needed in _names(statement):
            self.add(source, needed)
        self.found.attributes |= {node.attr for node in ast.walk(statement) if isinstance(node, ast.Attribute)}
        if text not in self.found.definitions:
            self.found.definitions.append(text)

    def _add_imported(self, statement: ast.ImportFrom, name: str) -> None:
        (alias,) = (one for one in statement.names if (one.asname or one.name) == name)
        module = statement.module or ""
        followed = self._follow(module)
        if followed is None:
            self.found.imports[f"from {module} import {_alias(alias)}"] = None
        else:
            self.add(followed, alias.name)

    def _statements(self, source: str) -> dict[str, ast.stmt]:
        """The statement at the top level that gives each name."""
        if source not in self._modules:
            self._modules[source] = {name: one for one in ast.parse(source).body for name in _given(one)}
        return self._modules[source]


def _alias(alias: ast.alias) -> str:
    return f"{alias.name} as {alias.asname}" if alias.asname else alias.name


def _given(statement: ast.stmt) -> Iterator[str]:
    if isinstance(statement, ast.FunctionDef | ast.ClassDef):
        yield statement.name
    elif isinstance(statement, ast.Import):
        yield from (alias.asname or alias.name.split(".")[0] for alias in statement.names)
    elif isinstance(statement, ast.ImportFrom):
        yield from (alias.asname or alias.name for alias in statement.names)
    elif isinstance(statement, ast.Assign | ast.AnnAssign):
        yield from (node.id for node in ast.walk(statement) if isinstance(node, ast.Name) and _stored(node))


def _stored(node: ast.Name) -> bool:
    return isinstance(node.ctx, ast.Store)


def _names(statement: ast.stmt) -> list[str]:
    """The names that a statement uses when it runs: not its annotations, nor a function's own decorators."""
    skipped: set[int] = set()
    for node in ast.walk(statement):
        annotations: list[ast.AST | None] = []
        if isinstance(node, ast.arg):
            annotations = [node.annotation]
        elif isinstance(node, ast.FunctionDef):
            annotations = [node.returns, *(node.decorator_list if node is statement else [])]
        elif isinstance(node, ast.AnnAssign):
            annotations = [node.annotation]
        for annotation in annotations:
            skipped |= {id(part) for part in ast.walk(annotation)} if annotation is not None else set()
    found = (node for node in ast.walk(statement) if isinstance(node, ast.Name) and id(node) not in skipped)
    return list(dict.fromkeys(node.id for node in found))


def _text(source: str, statement: ast.stmt) -> str:
    """A statement's own lines; a function's without its decorators."""
    first = statement.lineno
    if isinstance(statement, ast.ClassDef) and statement.decorator_list:
        first = statement.decorator_list[0].lineno
    return "\n".join(source.splitlines()[first - 1 : statement.end_lineno])


def _with_methods(source: str, statement: ast.ClassDef, methods: Sequence[str]) -> str:
    """A class with __init__, some methods and those that they call on self; its docstring's first line stays."""
    members = {member.name: member for member in statement.body if isinstance(member, ast.FunctionDef)}
    kept, asked = set(), ["__init__", *methods]
    while asked:
        name = asked.pop()
        if name in members and name not in kept:
            kept.add(name)
            asked += [node.attr for node in ast.walk(members[name]) if isinstance(node, ast.Attribute)]
    lines = source.splitlines()
    first = (ast.get_docstring(statement) or "").split("\n")[0]
    parts = [_text(source, member) for name, member in members.items() if name in kept]
    header = [lines[statement.lineno - 1], *([f'    """{first}"""'] if first else [])]
    return "\n\n".join(["\n".join(header), *parts])
