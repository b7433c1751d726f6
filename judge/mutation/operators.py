"""Wrong solutions made from a right one: each differs from it in one place, as a slip of the pen would.

A place is a node of libcst's tree, so that all the rest stays as it was written. Types, imports, docstrings and the
texts of errors are left alone: no slip there changes what a solution does, or none that a contract speaks of.
"""

from __future__ import annotations

import ast
import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import libcst as cst
from libcst.metadata import MetadataWrapper, PositionProvider

Change = tuple[int, cst.CSTNode, cst.CSTNode, str]  # the line, what to replace, by what, and in words

BINARY: dict[type[cst.CSTNode], type[cst.CSTNode]] = {
    cst.Add: cst.Subtract,
    cst.Subtract: cst.Add,
    cst.Multiply: cst.Divide,
    cst.Divide: cst.Multiply,
    cst.FloorDivide: cst.Divide,
    cst.Modulo: cst.FloorDivide,
    cst.Power: cst.Multiply,
    cst.BitAnd: cst.BitOr,
    cst.BitOr: cst.BitAnd,
    cst.BitXor: cst.BitOr,
    cst.LeftShift: cst.RightShift,
    cst.RightShift: cst.LeftShift,
}
AUGMENTED: dict[type[cst.CSTNode], type[cst.CSTNode]] = {
    cst.AddAssign: cst.SubtractAssign,
    cst.SubtractAssign: cst.AddAssign,
    cst.MultiplyAssign: cst.DivideAssign,
    cst.DivideAssign: cst.MultiplyAssign,
    cst.FloorDivideAssign: cst.DivideAssign,
    cst.BitAndAssign: cst.BitOrAssign,
    cst.BitOrAssign: cst.BitAndAssign,
}
IN_PLACE: dict[type[cst.CSTNode], type[cst.CSTNode]] = {
    cst.Add: cst.AddAssign,
    cst.Subtract: cst.SubtractAssign,
    cst.Multiply: cst.MultiplyAssign,
    cst.Divide: cst.DivideAssign,
}
COMPARISON: dict[type[cst.CSTNode], tuple[type[cst.CSTNode], ...]] = {
    cst.LessThan: (cst.LessThanEqual, cst.GreaterThan),
    cst.LessThanEqual: (cst.LessThan, cst.GreaterThan),
    cst.GreaterThan: (cst.GreaterThanEqual, cst.LessThan),
    cst.GreaterThanEqual: (cst.GreaterThan, cst.LessThan),
    cst.Equal: (cst.NotEqual,),
    cst.NotEqual: (cst.Equal,),
    cst.Is: (cst.IsNot,),
    cst.IsNot: (cst.Is,),
    cst.In: (cst.NotIn,),
    cst.NotIn: (cst.In,),
}
EITHER_WAY = (cst.Equal, cst.NotEqual, cst.Is, cst.IsNot, cst.In, cst.NotIn)  # negated by the comparison itself
_PAIRS = (
    "mean sum|max min|amax amin|argmax argmin|maximum minimum|floor ceil|ones zeros|ones_like zeros_like|sin cos|"
    "softmax log_softmax|triu tril|train eval|any all|cumsum cumprod|rand randn|rand_like randn_like|vstack hstack|"
    "clamp_min clamp_max|tanh sigmoid|logical_and logical_or"
)
SWAPPED = {
    name: other for pair in _PAIRS.split("|") for one, two in [pair.split()] for name, other in [(one, two), (two, one)]
}
SWAPPED |= {"var": "std", "std": "var", "sqrt": "square", "square": "sqrt", "exp": "expm1", "log": "log1p"}
_CALLS = (  # where x.call() and call(x) become x
    "abs sqrt rsqrt square exp log log1p log2 neg detach clone float double long bool int to cpu item sigmoid tanh "
    "relu softmax log_softmax transpose permute flip roll squeeze unsqueeze flatten clamp clamp_min clamp_max round "
    "floor ceil cumsum sort sorted reversed masked_fill requires_grad_ normalize sign deepcopy copy dropout type_as "
    "expand expand_as movedim swapaxes t mul div add sub pow"
)
DROPPED = frozenset(_CALLS.split())
IN_ANY_ORDER = ("min", "max", "minimum", "maximum", "logical_and", "logical_or", "gcd", "equal")
LEFT_ALONE = ("strict",)  # of zip: a solution that is right never meets its error
MODULES = ("torch", "F", "nn", "math", "np", "functional", "copy")
WITHOUT = ("no_grad", "inference_mode", "enable_grad", "set_grad_enabled", "autocast")
MOST_LINES = 40  # of a change that is shown


@dataclass(frozen=True)
class Mutant:
    """A right solution with one thing changed."""

    line: int
    what: str  # "< becomes <="
    before: str  # the lines that are others, without indent
    after: str
    source: str

    def diff(self) -> list[str]:
        """What is different, as lines that begin with - and +."""
        return [f"- {line}" for line in self.before.split("\n")] + [f"+ {line}" for line in self.after.split("\n")]


def mutants(source: str) -> list[Mutant]:
    """All that the operators make of a source, in its order, each once; only what still is Python."""
    wrapper = MetadataWrapper(cst.parse_module(source))
    places = _Places()
    wrapper.visit(places)
    lines, seen, found = source.splitlines(), {ast.dump(ast.parse(source))}, []
    for line, node, other, what in places.changes:
        text: str = wrapper.module.deep_replace(node, other).code  # type: ignore[arg-type, attr-defined]
        try:
            tree = ast.dump(ast.parse(text))
        except SyntaxError:
            continue
        if tree not in seen:
            seen.add(tree)
            before, after = _changed(lines, text.splitlines())
            found.append(Mutant(line, what, before, after, text))
    return found


def _changed(before: Sequence[str], after: Sequence[str]) -> tuple[str, str]:
    """The first and last line that differ and all between, in both texts."""
    blocks = [one for one in difflib.SequenceMatcher(None, before, after, False).get_opcodes() if one[0] != "equal"]
    first, last = blocks[0], blocks[-1]
    return _joined(before[first[1] : last[2]]), _joined(after[first[3] : last[4]])


def _joined(lines: Sequence[str]) -> str:
    return "\n".join(line.strip() for line in lines[:MOST_LINES])


class _Places(cst.CSTVisitor):
    """Collects every change that the operators can make."""

    METADATA_DEPENDENCIES = (PositionProvider,)

    def __init__(self) -> None:
        super().__init__()
        self.changes: list[Change] = []

    def _add(self, node: cst.CSTNode, other: cst.CSTNode, what: str) -> None:
        self.changes.append((self.get_metadata(PositionProvider, node).start.line, node, other, what))

    # ------------------------------------------------------------------------------------------ what is left alone

    def visit_Arg(self, node: cst.Arg) -> bool:
        return node.keyword is None or node.keyword.value not in LEFT_ALONE

    def visit_Annotation(self, node: cst.Annotation) -> bool:
        return False

    def visit_Import(self, node: cst.Import) -> bool:
        return False

    def visit_ImportFrom(self, node: cst.ImportFrom) -> bool:
        return False

    def visit_FormattedString(self, node: cst.FormattedString) -> bool:
        return False

    def visit_Decorator(self, node: cst.Decorator) -> bool:
        return False

    def visit_Raise(self, node: cst.Raise) -> bool:
        error = node.exc
        if isinstance(error, cst.Call) and isinstance(error.func, cst.Name):
            other = "TypeError" if error.func.value != "TypeError" else "ValueError"
            self._add(error.func, cst.Name(other), f"{error.func.value} becomes {other}")
        return False

    # ---------------------------------------------------------------------------------------------------- operators

    def visit_BinaryOperation(self, node: cst.BinaryOperation) -> None:
        if isinstance(node.left, cst.BaseString):
            return
        other = BINARY.get(type(node.operator))
        if other is not None:
            self._add(node.operator, other(), f"{_name(node.operator)} becomes {_name(other())}")
        if isinstance(node.operator, cst.MatrixMultiply | cst.Subtract | cst.Divide):
            self._add(node, node.with_changes(left=_safe(node.right), right=_safe(node.left)), "operands swapped")
        self._add(node, _parenthesised(node.left), f"the right side of {_name(node.operator)} is left out")

    def visit_Comparison(self, node: cst.Comparison) -> None:
        for target in node.comparisons:
            for other in COMPARISON.get(type(target.operator), ()):
                what = f"{_name(target.operator)} becomes {_name(other())}"
                self._add(target.operator, other(), what)

    def visit_BooleanOperation(self, node: cst.BooleanOperation) -> None:
        other = cst.Or() if isinstance(node.operator, cst.And) else cst.And()
        self._add(node.operator, other, f"{_name(node.operator)} becomes {_name(other)}")
        self._add(node, _parenthesised(node.left), f"the right side of {_name(node.operator)} is left out")
        self._add(node, _parenthesised(node.right), f"the left side of {_name(node.operator)} is left out")

    def visit_UnaryOperation(self, node: cst.UnaryOperation) -> None:
        self._add(node, _parenthesised(node.expression), f"{_name(node.operator)} is left out")

    def visit_AugAssign(self, node: cst.AugAssign) -> None:
        other = AUGMENTED.get(type(node.operator))
        if other is not None:
            self._add(node.operator, other(), f"{_name(node.operator)} becomes {_name(other())}")
        target = cst.AssignTarget(node.target)
        self._add(node, cst.Assign([target], node.value), f"{_name(node.operator)} becomes =")

    # ---------------------------------------------------------------------------------------------------- constants

    def visit_Integer(self, node: cst.Integer) -> None:
        number = ast.literal_eval(node.value)
        self._add(node, cst.Integer(str(number + 1)), f"{number} becomes {number + 1}")
        if number > 0:
            self._add(node, cst.Integer(str(number - 1)), f"{number} becomes {number - 1}")

    def visit_Float(self, node: cst.Float) -> None:
        number = ast.literal_eval(node.value)
        other = 2 * number if number else 1.0
        self._add(node, cst.Float(repr(float(other))), f"{node.value} becomes {other!r}")

    def visit_Name(self, node: cst.Name) -> None:
        if node.value in ("True", "False"):
            other = "False" if node.value == "True" else "True"
            self._add(node, cst.Name(other), f"{node.value} becomes {other}")

    def visit_Slice(self, node: cst.Slice) -> None:
        for part in ("lower", "upper", "step"):
            if getattr(node, part) is not None:
                self._add(node, node.with_changes(**{part: None}), f"the {part} bound of a slice is left out")

    # -------------------------------------------------------------------------------------------------------- calls

    def visit_Call(self, node: cst.Call) -> None:
        positions = [number for number, one in enumerate(node.args) if one.keyword is None and not one.star]
        for number, one in enumerate(node.args):
            if one.keyword is not None and one.keyword.value not in LEFT_ALONE:
                self._add(node, _without(node, number), f"{one.keyword.value}= is left out")
        name, receiver = _called(node)
        if len(positions) >= 2 and positions[:2] == [0, 1] and name not in IN_ANY_ORDER:
            first, second = node.args[0], node.args[1]
            args = [first.with_changes(value=second.value), second.with_changes(value=first.value), *node.args[2:]]
            self._add(node, node.with_changes(args=args), "the first two arguments are swapped")
        if len(positions) >= 2:
            self._add(node, _without(node, positions[-1]), "the last argument is left out")
        if name in SWAPPED:
            self._add(node, _renamed(node, SWAPPED[name]), f"{name} becomes {SWAPPED[name]}")
        if name in DROPPED and receiver is not None:
            self._add(node, _parenthesised(receiver), f"{name} is left out")
        method = isinstance(node.func, cst.Attribute) and _last_name(node.func.value) != "init"  # has both names
        if method and name.endswith("_") and not name.endswith("__"):
            self._add(node, _renamed(node, name[:-1]), f"{name} becomes {name[:-1]}")

    def visit_Attribute(self, node: cst.Attribute) -> None:
        if node.attr.value in ("T", "mT"):
            self._add(node, _parenthesised(node.value), f".{node.attr.value} is left out")

    # --------------------------------------------------------------------------------------------------- statements

    def visit_SimpleStatementLine(self, node: cst.SimpleStatementLine) -> None:
        if len(node.body) != 1:
            return
        statement = node.body[0]
        if isinstance(statement, cst.Assign):
            self._in_place(node, statement)
        removable = isinstance(statement, cst.Raise | cst.AugAssign | cst.Del | cst.Break | cst.Continue)
        removable |= isinstance(statement, cst.Expr) and isinstance(statement.value, cst.Call | cst.Yield)
        removable |= isinstance(statement, cst.Assign) and _is_change(statement)
        if removable:
            self._add(node, node.with_changes(body=[cst.Pass()]), "the statement is left out")
        for one, other in ((cst.Break, cst.Continue()), (cst.Continue, cst.Break())):
            if isinstance(statement, one):
                self._add(
                    node, node.with_changes(body=[other]), f"becomes {'break' if one is cst.Continue else 'continue'}"
                )

    def _in_place(self, node: cst.SimpleStatementLine, statement: cst.Assign) -> None:
        """x = x + y becomes x += y"""
        value = statement.value
        target = statement.targets[0].target
        if len(statement.targets) == 1 and isinstance(value, cst.BinaryOperation):
            other = IN_PLACE.get(type(value.operator))
            if other is not None and value.left.deep_equals(target):  # type: ignore[arg-type]
                changed = cst.AugAssign(target, other(), value.right)  # type: ignore[arg-type]
                self._add(node, node.with_changes(body=[changed]), f"computed in place with {_name(other())}")

    def visit_If(self, node: cst.If) -> None:
        self._negated(node)
        body = node.body.body
        only_raises = len(body) == 1 and isinstance(body[0], cst.SimpleStatementLine)
        only_raises = only_raises and isinstance(body[0].body[0], cst.Raise)  # type: ignore[union-attr]
        if not only_raises:
            self._add(node.test, cst.Name("False"), "the condition becomes False")
            self._add(node.test, cst.Name("True"), "the condition becomes True")

    def visit_While(self, node: cst.While) -> None:
        self._negated(node)

    def visit_IfExp(self, node: cst.IfExp) -> None:
        self._add(node, _parenthesised(node.body), "always what stands before if")
        self._add(node, _parenthesised(node.orelse), "always what stands behind else")

    def visit_CompIf(self, node: cst.CompIf) -> None:
        self._negated(node)
        self._add(node.test, cst.Name("True"), "the condition becomes True")

    def _negated(self, node: cst.If | cst.While | cst.CompIf) -> None:
        test = node.test
        by_itself = isinstance(test, cst.Comparison) and isinstance(test.comparisons[0].operator, EITHER_WAY)
        if not by_itself and not isinstance(test, cst.UnaryOperation):
            self._add(test, cst.UnaryOperation(cst.Not(), _safe(test)), "the condition is negated")

    def visit_With(self, node: cst.With) -> None:
        names = [_called(item.item)[0] for item in node.items if isinstance(item.item, cst.Call)]
        if names and set(names) <= set(WITHOUT):
            block = cst.If(cst.Name("True"), node.body, leading_lines=node.leading_lines)
            self._add(node, block, f"without {', '.join(names)}")

    def visit_FunctionDef(self, node: cst.FunctionDef) -> None:
        for one in node.decorators:
            call = one.decorator
            name = _called(call)[0] if isinstance(call, cst.Call) else _last_name(call)
            if name in WITHOUT or name == "once_differentiable":
                others = [other for other in node.decorators if other is not one]
                self._add(node, node.with_changes(decorators=others), f"without {name}")

    def visit_ExceptHandler(self, node: cst.ExceptHandler) -> None:
        if node.type is not None and _last_name(node.type) != "Exception":
            self._add(node.type, cst.Name("Exception"), "every Exception is caught")


def _is_change(statement: cst.Assign) -> bool:
    """Whether something is changed that was there before: an attribute, an item, or a name by what it was."""
    target = statement.targets[0].target
    if isinstance(target, cst.Attribute | cst.Subscript):
        return True
    return isinstance(target, cst.Name) and any(name == target.value for name in _names(statement.value))


def _names(node: cst.CSTNode) -> Iterator[str]:
    if isinstance(node, cst.Name):
        yield node.value
    for child in node.children:
        yield from _names(child)


def _called(node: cst.BaseExpression) -> tuple[str, cst.BaseExpression | None]:
    """The last name of what is called, and what it works on: the receiver of a method, a function's first argument."""
    if not isinstance(node, cst.Call):
        return "", None
    first = node.args[0].value if node.args and node.args[0].keyword is None and not node.args[0].star else None
    if isinstance(node.func, cst.Attribute):
        of = node.func.value
        is_module = _last_name(of) in MODULES
        return node.func.attr.value, first if is_module else of
    return (node.func.value, first) if isinstance(node.func, cst.Name) else ("", None)


def _last_name(node: cst.BaseExpression) -> str:
    if isinstance(node, cst.Attribute):
        return node.attr.value
    return node.value if isinstance(node, cst.Name) else ""


def _renamed(node: cst.Call, name: str) -> cst.Call:
    if isinstance(node.func, cst.Attribute):
        return node.with_changes(func=node.func.with_changes(attr=cst.Name(name)))
    return node.with_changes(func=cst.Name(name))


def _without(node: cst.Call, number: int) -> cst.Call:
    args = [one for position, one in enumerate(node.args) if position != number]
    if args and number == len(node.args) - 1:
        args[-1] = args[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)
    return node.with_changes(args=args)


def _safe(node: cst.BaseExpression) -> cst.BaseExpression:
    return node if isinstance(node, cst.Name | cst.Call | cst.Attribute | cst.Subscript) else _parenthesised(node)


def _parenthesised(node: cst.BaseExpression) -> Any:
    """The expression so that it may stand anywhere."""
    if node.lpar or isinstance(node, cst.Name | cst.Call | cst.Attribute | cst.Subscript | cst.BaseNumber):
        return node
    return node.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])


def _name(operator: cst.CSTNode) -> str:
    return cst.Module([]).code_for_node(operator).strip()
