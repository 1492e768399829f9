"""What errors say is French for a French reader: every sentence that one may meet on the portal has its French one."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from apps.sentences import in_words, reason
from lake import errors
from lake.errors import AccessDenied, LakeError, QueryError, UnknownMetric
from lake.settings import PROJECT

#: What a page calls: the semantic layer, the policy, saved views, prototypes, builds, the quarantine's retry.
ROOMS = (
    *sorted((PROJECT / "lake" / "semantic").glob("*.py")),
    *(
        PROJECT / "lake" / path
        for path in (
            "access/scopes.py",
            "access/roles.py",
            "views.py",
            "prototypes/journal.py",
            "publish.py",
            "builds.py",
            "land/retry.py",
            "checks/offending.py",
            "lineage.py",
        )
    ),
)
SENTENCES: dict[str, str] = yaml.safe_load((PROJECT / "apps" / "sentences.yml").read_text("utf-8"))["sentences"]

#: Sentences that are made of parts; each way of making them is in the file.
COMPOSED = {"Role '{}' may not {}{}."}

#: Those whose `what` is made in errors.py from the name that they are given.
NAMED = {n for n, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, errors.UnknownName)}
NAMED.add("LeaseHeld")


def raised(path: Path) -> Iterator[str]:
    """The sentences of a module's errors, `{}` for what they name."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            name = ast.unparse(node.exc.func)
            if isinstance(getattr(errors, name, None), type) or name == "BuildGoneError":
                said = [] if name in NAMED or name == "SettingsError" else node.exc.args[:1]
                if name != "SettingsError":
                    said += [k.value for k in node.exc.keywords if k.arg == "remedy"]
                for part in said:
                    yield from texts(part)


def texts(node: ast.expr) -> Iterator[str]:
    match node:
        case ast.Constant(value=str(text)) if text:
            yield text
        case ast.JoinedStr(values=values):
            yield "".join(str(v.value) if isinstance(v, ast.Constant) else "{}" for v in values)
        case ast.IfExp(body=body, orelse=other):
            yield from texts(body)
            yield from texts(other)
        case ast.BoolOp(values=values):
            for value in values:
                yield from texts(value)


@pytest.mark.parametrize("path", ROOMS, ids=lambda p: p.stem)
def test_every_sentence_that_a_reader_may_meet_has_a_french_one(path: Path) -> None:
    missing = set(raised(path)) - set(SENTENCES) - COMPOSED
    assert not missing, f"say them in apps/sentences.yml: {missing}"


def told_of_rows() -> Iterator[str]:
    """Why rows are quarantined: `row: …` and `file: …` of readers, and the faults of values, which follow a field."""
    for path in (PROJECT / "lake" / "readers").glob("*.py"):
        nodes = list(ast.walk(ast.parse(path.read_text("utf-8"))))
        parts = {id(part) for node in nodes if isinstance(node, ast.JoinedStr) for part in node.values}
        for node in nodes:
            if isinstance(node, ast.Constant | ast.JoinedStr) and id(node) not in parts:
                yield from (t for t in texts(node) if re.match("(row|file|columns): ", t))
    for name in ("checks", "values"):
        for node in ast.walk(ast.parse((PROJECT / "lake" / "land" / f"{name}.py").read_text("utf-8"))):
            if isinstance(node, ast.Tuple) and isinstance(node.ctx, ast.Load):
                yield from (f"price_eur: {t}" for part in node.elts[:2] for t in texts(part) if re.match("[a-z]+ ", t))


def test_every_reason_of_the_quarantine_has_a_french_one() -> None:
    reasons = set(told_of_rows())
    assert {"file: encoding {} is not accepted", "price_eur: not a number", "price_eur: below {}"} <= reasons
    assert [r for r in reasons if reason(r, "fr").partition(": ")[2] == r.partition(": ")[2]] == []
    assert reason("price_eur: below 0", "fr") == "price_eur : inférieur à 0"
    assert reason("file: encoding utf-16-le is not accepted", "en") == "file: encoding utf-16-le is not accepted"


def test_french_names_what_the_english_sentence_names() -> None:
    for english, text in SENTENCES.items():
        assert text.count("{") <= english.count("{}"), english
        text.format(*["x"] * english.count("{}"))


@pytest.mark.parametrize(
    ("error", "fr"),
    [
        (
            QueryError("No indicator was asked for.", remedy="Name one or more: see `lake metrics`."),
            "Aucun indicateur n'est demandé. Choisissez-en un ou plusieurs.",
        ),
        (
            QueryError("'abc' is not a date, as 'sold_on' is."),
            "« abc » n'est pas une date, ce qu'est « sold_on ».",
        ),
        (
            AccessDenied("Role 'x' may not see the atomic rows of line audio.", remedy="Roles that may: a, b."),
            "Le profil « x » ne peut pas voir les lignes elles-mêmes du métier audio. Profils qui le peuvent : a, b.",
        ),
        (LakeError("Something new."), "Something new."),
    ],
)
def test_an_error_is_told_in_french(error: LakeError, fr: str) -> None:
    assert in_words(error, "fr") == fr
    assert in_words(error, "en") == str(error)


def test_an_unknown_name_comes_with_those_that_are_near() -> None:
    error = UnknownMetric("audio_sale", ["audio_sales"], remedy="See `lake metrics`.")
    assert in_words(error, "fr") == (
        "Nom inconnu (indicateur) : « audio_sale ». Vouliez-vous dire audio_sales ? La liste est au catalogue."
    )
    assert in_words(UnknownMetric("audio_sale", ["audio_sales"]), "fr").endswith("Vouliez-vous dire audio_sales ?")
