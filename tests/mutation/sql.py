"""Mutants of the models' SQL. No tool has operators for SQL: these replace tokens, as sqlglot cuts them.

A model is SQL around Jinja; each `{{ … }}` stands as one name of the same length, so that places stay what they are and
the mutant is the model's own text with one token changed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import pairwise

from sqlglot.dialects import DuckDB
from sqlglot.tokens import Token, TokenType

from .mutants import Mutant

#: What each word or sign becomes; of several, the sample takes one.
REPLACED = {
    "=": ("<>",), "<>": ("=",), "<": ("<=", ">="), "<=": ("<", ">"), ">": (">=", "<="), ">=": (">", "<"),
    "+": ("-",), "-": ("+",), "*": ("/",), "/": ("*",), "and": ("or",), "or": ("and",),
    "true": ("false",), "false": ("true",), "desc": ("asc",), "left": ("inner",), "inner": ("left",),
    "sum": ("max",), "min": ("max",), "max": ("min",), "avg": ("max",), "distinct": ("",), "all": ("",),
    "lag": ("lead",), "row_number": ("rank",), "greatest": ("least",), "least": ("greatest",),
}  # fmt: skip

_JINJA = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)

#: What ends a condition of a conjunction, at its own depth of brackets.
_ENDS = {
    "AND",
    "OR",
    "WHERE",
    "GROUP_BY",
    "ORDER_BY",
    "HAVING",
    "JOIN",
    "LEFT",
    "INNER",
    "UNION",
    "THEN",
    "COMMA",
    "AS",
    "WHEN",
    "ELSE",
    "END",
}


def mutants(room: str, path: str, text: str) -> Iterator[Mutant]:
    """Every mutant of a model."""
    plain = _JINJA.sub(lambda found: re.sub(r"[^\n]", "j", found[0]), text)
    tokens = DuckDB().tokenize(plain)
    lines = text.splitlines()
    for operator, start, stop, new in _changes(tokens, plain):
        line = text.count("\n", 0, start) + 1
        made = partial(_replaced, text, start, stop, new)
        yield Mutant(room, path, line, lines[line - 1].strip(), operator, f"{start} {operator.split()[0]}", made)


def _changes(tokens: Sequence[Token], text: str) -> Iterator[tuple[str, int, int, str]]:
    """What is done, from where to where, and what stands there then."""
    for index, (token, after) in enumerate(pairwise(tokens)):
        word, stop = text[token.start : token.end + 1].lower(), token.end + 1
        before = tokens[index - 1] if index else None
        if token.token_type is TokenType.NUMBER:
            if _is_of_type(tokens, index):
                continue
            yield f"number {word}", token.start, stop, f"{float(word) + 1:g}"
        elif token.token_type is TokenType.STRING:
            yield f"string {word}", token.start, stop, f"'{word[1:-1]}_'"
        elif word == "is":
            has_not = after.token_type is TokenType.NOT
            yield ("is-not", token.start, after.end + 1, "is") if has_not else ("is", token.start, stop, "is not")
        elif word == "coalesce":
            yield "coalesce", token.start, stop, "nullif"
        elif word in REPLACED and not _is_other(word, before, after, tokens, index):
            for new in REPLACED[word]:
                yield f"{word} to {new}".strip(), token.start, stop, new
            if word == "and" and (end := _end(tokens, index)):
                yield "condition dropped", token.start, end, ""


def _is_other(word: str, before: Token | None, after: Token, tokens: Sequence[Token], index: int) -> bool:
    """Whether a word is no operator here: `select *`, `count(*)`, `a.*`, the bounds of `between`, a column `left`."""
    if word == "*":
        return before is None or before.token_type in (TokenType.SELECT, TokenType.L_PAREN, TokenType.DOT)
    if word == "and":
        return _is_of_between(tokens, index)
    if word == "all":
        return before is None or before.token_type is not TokenType.UNION
    if word in ("left", "inner"):
        return after.token_type is not TokenType.JOIN
    return word.isalpha() and word in ("sum", "min", "max", "avg") and after.token_type is not TokenType.L_PAREN


def _is_of_type(tokens: Sequence[Token], index: int) -> bool:
    """Whether a number belongs to `decimal(18, 2)`: the contract of the model says the same."""
    return any(token.text.lower() == "decimal" for token in tokens[max(0, index - 4) : index])


def _is_of_between(tokens: Sequence[Token], index: int) -> bool:
    depth = 0
    for token in reversed(tokens[:index]):
        depth += {TokenType.R_PAREN: 1, TokenType.L_PAREN: -1}.get(token.token_type, 0)
        if depth < 0 or (depth == 0 and token.token_type.name in _ENDS):
            return False
        if depth == 0 and token.token_type is TokenType.BETWEEN:
            return True
    return False


def _end(tokens: Sequence[Token], index: int) -> int:
    """Where the condition after an `and` ends."""
    depth = 0
    for place, token in enumerate(tokens[index + 1 :], index + 1):
        depth += {TokenType.L_PAREN: 1, TokenType.CASE: 1, TokenType.R_PAREN: -1, TokenType.END: -1}.get(
            token.token_type, 0
        )
        is_bound = token.token_type is TokenType.AND and _is_of_between(tokens, place)
        if depth < 0 or (depth == 0 and token.token_type.name in _ENDS and not is_bound and place > index + 1):
            return tokens[place - 1].end + 1
    return tokens[-1].end + 1


def _replaced(text: str, start: int, stop: int, new: str) -> str:
    return text[:start] + new + text[stop:]
