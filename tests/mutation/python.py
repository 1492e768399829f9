"""Mutants of Python: cosmic-ray's operators on its syntax tree."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from functools import partial
from typing import Any

from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import MutationVisitor
from cosmic_ray.plugins import get_operator

from .mutants import Mutant

#: One replacement for each operator of arithmetic, the boundary and the opposite of each comparison. Left out is what
#: means the same in nearly every place: `is` for `==`.
OPERATORS = [
    "Add_Sub",
    "Sub_Add",
    "Mul_Div",
    "Div_Mul",
    "FloorDiv_Mul",
    "Mod_Add",
    "BitOr_BitAnd",
    "BitAnd_BitOr",
    "BitXor_BitAnd",
    "LShift_RShift",
    "RShift_LShift",
    "Eq_NotEq",
    "NotEq_Eq",
    "Lt_LtE",
    "Lt_GtE",
    "LtE_Lt",
    "LtE_Gt",
    "Gt_GtE",
    "Gt_LtE",
    "GtE_Gt",
    "GtE_Lt",
    "Is_IsNot",
    "IsNot_Is",
    "Delete_USub",
    "Delete_Not",
    "Delete_Invert",
    "AddNot",
    "ReplaceAndWithOr",
    "ReplaceOrWithAnd",
    "ReplaceTrueWithFalse",
    "ReplaceFalseWithTrue",
    "ReplaceBreakWithContinue",
    "ReplaceContinueWithBreak",
    "ZeroIterationForLoop",
    "ExceptionReplacer",
    "NumberReplacer",
    "RemoveDecorator",
]

#: Decorators that only save time: without them every answer is the same.
_CACHES = ("@cache", "@lru_cache", "@cached_property", "@contextmanager")


def mutants(room: str, path: str, text: str) -> Iterator[Mutant]:
    """Every mutant of a module, but of what no run can tell: annotations, words for the log, imports for types."""
    apart, lines = _apart(ast.parse(text)), text.splitlines()
    operators = {name: _operator(name) for name in OPERATORS}
    nth: Counter[str] = Counter()
    for node in ast_nodes(get_ast(text)):
        for name, operator in operators.items():
            for start, stop in operator.mutation_positions(node):
                occurrence = nth[name]
                nth[name] += 1
                if any(a <= start and stop <= b for a, b in apart) or _is_trivial(name, node):
                    continue
                site = f"{start} {name.split('_')[0]}"
                made = partial(MutationVisitor.mutate_code, text, operator, occurrence)
                yield Mutant(room, path, start[0], lines[start[0] - 1].strip(), name, site, made)


def _operator(name: str) -> Any:
    family = {"USub": "Unary", "Not": "Unary", "Invert": "Unary"}.get(name.partition("_")[2])
    if name[0].isupper() and "_" not in name:
        return get_operator(f"core/{name}")()
    if family and name.startswith("Delete"):
        return get_operator(f"core/ReplaceUnaryOperator_{name}")()
    compared = {"Eq", "NotEq", "Lt", "LtE", "Gt", "GtE", "Is", "IsNot"}
    family = "Comparison" if name.split("_")[0] in compared else "Binary"
    return get_operator(f"core/Replace{family}Operator_{name}")()


def _is_trivial(name: str, node: Any) -> bool:
    """A path joined to a word, which fails at once as a product; a decorator that only saves time. And what cosmic-ray
    makes no Python of: `except a.b`, `if not a := b`.
    """
    if name == "AddNot":
        return any(child.type == "namedexpr_test" for child in node.children)
    if name == "ExceptionReplacer":
        return "." in node.children[1].get_code()
    if name == "Div_Mul":
        return bool(node.get_next_leaf().type in ("string", "fstring_start"))
    return name == "RemoveDecorator" and node.get_code().strip().startswith(_CACHES)


def _apart(tree: ast.Module) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """The parts of a module that no run can tell from others."""
    parts: list[Any] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.AnnAssign | ast.arg):
            parts.append(node.annotation)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            parts.append(node.returns)
        elif isinstance(node, ast.match_case):
            parts.append(node.pattern)  # `case A() | B()` is no sum
        elif _says_nothing(node):
            parts.append(node)
    return [((n.lineno, n.col_offset), (n.end_lineno, n.end_col_offset)) for n in parts if n is not None]


def _says_nothing(node: Any) -> bool:
    """Whether it is a line for the log, a cast, a block for type checkers or the name of a type."""
    if isinstance(node, ast.Call):
        return ast.unparse(node.func).startswith(("log.", "cast"))
    if isinstance(node, ast.If):
        return ast.unparse(node.test) == "TYPE_CHECKING"
    return isinstance(node, ast.Assign) and _is_of_types(node)


_OF_TYPES = (ast.Name, ast.Attribute, ast.Constant, ast.BinOp, ast.BitOr, ast.Load, ast.Subscript)


def _is_of_types(node: ast.Assign) -> bool:
    """Whether it names a type (`Report = Callable[…]`, `Value = str | int`) or lists `__all__`."""
    value = node.value
    if isinstance(node.targets[0], ast.Name) and node.targets[0].id == "__all__":
        return True
    if isinstance(value, ast.BinOp) and isinstance(value.op, ast.BitOr):
        return all(isinstance(n, _OF_TYPES) for n in ast.walk(value))
    return isinstance(value, ast.Subscript) and ast.unparse(value.value) in ("Callable", "Literal")
