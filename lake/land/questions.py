"""Columns that deliveries lack or have anew, and what people answered.

Each is asked about until somebody says that it is the column of a field (an alias, known from the next landing on), or
that it is right so.

The ledger has, of each file that landed, the optional fields that it has no column for and the headers that no field
asks for. A header is new where the source's first file had not got it. Where each row names its own fields (JSON,
GeoJSON), a column is there that any row of the file names. A contract with `reading.options.open` is of objects that
anybody may tag (OpenStreetMap): none of their tags is new.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import replace as changed
from datetime import UTC, datetime
from typing import Any, Literal

from lake.access import Scope
from lake.contracts import Contract, catalogue
from lake.errors import ContractError, StoreError
from lake.readers import columns
from lake.store import FileRecord, Store
from lake.text import fold

Kind = Literal["absent", "new"]


@dataclass(frozen=True)
class Question:
    """A column of a source that needs an answer.

    Attributes:
        source: Whose.
        kind: `absent`: an optional field has no column; `new`: a header that no field asks for.
        name: The field, or the header.
        files: How many deliveries.
        last: Name of the newest of them.
        since: When the first landed (UTC).
        beside: Of an absent field, headers without a field in its newest file: it may be renamed to one of them.
        answer: What somebody said, and who; None as long as it is open.
    """

    source: str
    kind: Kind
    name: str
    files: int
    last: str
    since: datetime
    beside: tuple[str, ...] = ()
    answer: str | None = None


def noted(contract: Contract, missing: Sequence[str], extra: Sequence[str]) -> dict[str, list[str]]:
    """What the ledger keeps of a file's columns."""
    return {"missing": list(missing), "extra": [header[:120] for header in extra[:200]]}


def questions(store: Store, contract: Contract) -> list[Question]:
    """Everything that was or is asked about a source's columns, open questions first."""
    files = [f for f in store.files(contract.name) if f.missing is not None and f.read]
    answers = {(a["kind"], a["name"]): a for a in store.columns.find({"source": contract.name}, order="at")}
    aliases = {fold(name) for field in answered(store, contract).fields for name in field.aliases}
    at_first = {fold(header) for header in files[0].extra or ()} if files else set()
    found: dict[tuple[Kind, str], list[FileRecord]] = {}
    optional = {f.name for f in contract.stored if not f.required}
    for file in files:
        for name in file.missing or ():
            if name in optional:
                found.setdefault(("absent", name), []).append(file)
        for header in () if contract.reading.options.get("open") else file.extra or ():
            if fold(header) not in at_first | aliases:
                found.setdefault(("new", header), []).append(file)
    asked = [_question(contract.name, *what, where, answers.get(what)) for what, where in found.items()]
    return sorted(asked, key=lambda q: (q.answer is not None, q.kind, q.name))


def open_questions(store: Store, contract: Contract) -> list[Question]:
    """Those that nobody has answered."""
    return [q for q in questions(store, contract) if q.answer is None]


def accept(store: Store, source: str, kind: Kind, name: str, scope: Scope) -> None:
    """Say that a column is rightly absent or new.

    Raises:
        AccessDenied: the role may not work on the quarantine of the line.
    """
    _answer(store, source, kind, name, scope, "accepted")


def alias(store: Store, source: str, field: str, header: str, scope: Scope) -> list[str]:
    """Say that a header is the column of a field: the next landing knows it.

    Returns:
        Names of the files that landed without it: they are read again when they are delivered again.

    Raises:
        AccessDenied: the role may not work on the quarantine of the line.
        ContractError: the source has no such field, or another field has that header.
    """
    contract = catalogue()[source]
    own = contract.field(field)
    other = next((f for f in contract.fields if f != own and fold(header) in columns.names(f)), None)
    if other is not None:
        raise ContractError(f"'{header}' is the column of '{other.name}' already.", remedy="Name another header.")
    _answer(store, source, "absent", field, scope, "alias", header)
    known = answered(store, contract)
    return [f.name for f in store.files(source) if is_readable_now(f, known)]


def answered(store: Store, contract: Contract) -> Contract:
    """A contract with the aliases that people gave its fields."""
    given: dict[str, list[str]] = {}
    for answer in store.columns.find({"source": contract.name, "answer": "alias"}, order="at"):
        given.setdefault(answer["name"], []).append(answer["header"])
    if not given:
        return contract
    fields = (changed(f, aliases=(*f.aliases, *given.get(f.name, ()))) for f in contract.fields)
    return changed(contract, fields=tuple(fields))


def is_readable_now(file: FileRecord, contract: Contract) -> bool:
    """Whether a file landed without a field whose column is known now."""
    lacking = {name for f in contract.stored if f.name in (file.missing or ()) for name in columns.names(f)}
    return any(fold(header) in lacking for header in file.extra or ())


def _answer(store: Store, source: str, kind: Kind, name: str, scope: Scope, said: str, header: str = "") -> None:
    scope.require("quarantine", source.split("_")[0])
    known = questions(store, catalogue()[source])
    if said == "accepted" and not any((q.kind, q.name) == (kind, name) for q in known):
        raise StoreError(f"No question is open about '{name}' of {source}.", remedy="See 'lake columns list'.")
    document: dict[str, Any] = {"source": source, "kind": kind, "name": name, "answer": said, "header": header}
    id = "/".join((source, kind, name, header))
    store.columns.put(id, {**document, "by": scope.signature, "at": datetime.now(UTC)})


def _question(
    source: str, kind: Kind, name: str, files: Sequence[FileRecord], answer: dict[str, Any] | None
) -> Question:
    last = files[-1]
    said = None
    if answer:
        said = f"{answer['answer']}{' ' + answer['header'] if answer['header'] else ''}, {answer['by']}"
    beside = tuple(last.extra or ()) if kind == "absent" else ()
    return Question(source, kind, name, len(files), last.name, files[0].added_at, beside, said)
