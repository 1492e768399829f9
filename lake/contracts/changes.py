"""A contract against what has landed under it: how records of an earlier version are read now.

Each batch keeps the shape of the contract that it landed under. A contract that differs from it in a way that would
make old and new records mean different things needs a new version, and an entry of its `changes` that declares the way
across:

    - property: changes
      value:
        - {version: 2.0.0, renamed: {price: price_eur}, retyped: [pieces], removed: [note], narrowed: [ear]}
        - {version: 3.0.0, again: true}

renamed    the field is the same under a new name; for a key too
retyped    old values are cast to the new type, which fails if one does not fit; not for a field of the key
removed    the field is no longer mirrored; MongoDB keeps it
narrowed   old records may break what is new (a bound, an allowed value, required): that is accepted
again      what landed before is left out: another key, order of versions, or form of a pseudonym can't be computed from
           it, so the files are delivered again

A field more that is optional, and a rule that allows more, need nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from lake.errors import ContractError

if TYPE_CHECKING:
    from lake.contracts import Contract, Field


@dataclass(frozen=True)
class Change:
    """One entry of a contract's `changes`. `renamed` pairs old and new names."""

    version: str
    renamed: tuple[tuple[str, str], ...] = ()
    removed: tuple[str, ...] = ()
    retyped: tuple[str, ...] = ()
    narrowed: tuple[str, ...] = ()
    again: bool = False


@dataclass(frozen=True)
class Shape:
    """What a contract says of its records. `fields` are name, kind and scale of the stored ones; `rules` is all the
    rest, as JSON, empty for what landed before 2026-12, of which no more is known."""

    version: str
    fields: tuple[tuple[str, str, int], ...]
    rules: str = ""


@dataclass(frozen=True)
class Way:
    """How records of one shape are read under a contract: the new name of each of its fields, None where it is removed.

    `is_exact` says that no value is cast and none left out.
    """

    names: Mapping[str, str | None] = field(default_factory=dict)
    is_exact: bool = True
    is_left_out: bool = False


def shape(contract: Contract) -> Shape:
    """The shape that a contract gives to what lands under it now."""
    rules = {
        "key": [f.name for f in contract.key],
        "order": contract.version_order,
        "fields": {f.name: _rules(f) for f in contract.stored},
    }
    fields = tuple((f.name, f.kind, f.scale) for f in contract.stored)
    return Shape(contract.version, fields, json.dumps(rules, sort_keys=True, default=str))


def _rules(one: Field) -> dict[str, Any]:
    return {
        "required": one.required,
        "minimum": _text(one.minimum),
        "maximum": _text(one.maximum),
        "max_length": one.max_length,
        "pattern": one.pattern,
        "allowed": sorted(map(str, one.allowed)),
        "personal": one.personal,
        "namespace": one.namespace if one.personal == "pseudonym" else None,
        "equal": sorted(one.equal or ()) if one.personal == "pseudonym" else None,
        "unit": one.unit,
        "form": one.form,
    }


def _text(bound: Any) -> str | None:
    return None if bound is None else str(bound)


def way(landed: Shape, contract: Contract) -> Way:
    """How records of a shape are read under a contract.

    Raises:
        ContractError: the contract does not say it; the remedy is what to write.
    """
    now = shape(contract)
    later = _later(landed.version, contract)
    if not later and (landed.fields, landed.rules) == (now.fields, now.rules):
        return Way({name: name for name, _, _ in landed.fields})
    if is_left_out(landed.version, contract):
        return Way(is_left_out=True)
    names: dict[str, str | None] = {name: name for name, _, _ in landed.fields}
    for change in later:
        renamed, removed = dict(change.renamed), set(change.removed)
        names = {old: None if new is None or new in removed else renamed.get(new, new) for old, new in names.items()}
    declared = {what: {n for c in later for n in getattr(c, what)} for what in ("retyped", "narrowed")}
    missing = list(_undeclared(landed, now, names, declared["retyped"], declared["narrowed"]))
    if missing:
        raise _refusal(landed, contract, missing)
    types = {name: (kind, scale) for name, kind, scale in now.fields}
    is_exact = all(
        new is not None and types[new] == (kind, scale)
        for (_, kind, scale), new in zip(landed.fields, names.values(), strict=True)
    )
    return Way(names, is_exact)


def is_left_out(version: str, contract: Contract) -> bool:
    """Whether what landed under a version of the contract is to be delivered again."""
    return any(change.again for change in _later(version, contract))


def _later(version: str, contract: Contract) -> list[Change]:
    return [c for c in contract.changes if _number(version) < _number(c.version) <= _number(contract.version)]


def earlier_names(contract: Contract, name: str) -> list[str]:
    """The names that a field had before, the newest first."""
    found: list[str] = []
    for change in reversed(contract.changes):
        for old, new in change.renamed:
            if new == (found[-1] if found else name):
                found.append(old)
                break
    return found


def _undeclared(
    landed: Shape, now: Shape, names: Mapping[str, str | None], retyped: set[str], narrowed: set[str]
) -> Iterator[tuple[str, str]]:
    """What differs without a declared way: in words, and what to write."""
    types = {name: (kind, scale) for name, kind, scale in now.fields}
    before, after = (json.loads(s.rules) if s.rules else None for s in (landed, now))
    key = set((after or {}).get("key", ()))
    for old, kind, scale in landed.fields:
        new = names[old]
        if new is None:
            continue
        if new not in types:
            yield f"field '{old}' is gone", f"renamed: {{{old}: its new name}}, or removed: [{old}]"
            continue
        if types[new] != (kind, scale):
            was, is_now = (_type(*t) for t in ((kind, scale), types[new]))
            if new in key:
                yield f"'{new}' of the key was {was} and is {is_now}", "again: true"
            elif new not in retyped:
                yield f"'{new}' was {was} and is {is_now}", f"retyped: [{new}]"
        elif before and after:
            yield from _ruled(new, kind, before["fields"][old], after["fields"][new], narrowed)
    if before and after:
        if [names.get(n) for n in before["key"]] != after["key"]:
            yield f"the key was {', '.join(before['key'])} and is {', '.join(after['key'])}", "again: true"
        if names.get(before["order"], before["order"]) != after["order"]:
            yield f"versions were ordered by {before['order']} and are by {after['order']}", "again: true"
    for name in types.keys() - {new for new in names.values() if new}:
        if after and after["fields"][name]["required"] and name not in narrowed:
            yield f"'{name}' is new and required", f"narrowed: [{name}]"


def _ruled(
    name: str, kind: str, was: Mapping[str, Any], now: Mapping[str, Any], narrowed: set[str]
) -> Iterator[tuple[str, str]]:
    """What the rules of one field say otherwise."""
    for rule in ("personal", "namespace", "equal"):
        if was.get(rule) != now[rule]:
            yield f"{rule} of '{name}' was {was.get(rule)} and is {now[rule]}", "again: true"
            return
    if was.get("unit") and was["unit"] != now["unit"]:
        yield f"unit of '{name}' was {was['unit']} and is {now['unit']}", "again: true"
    elif name not in narrowed and (tighter := _narrower(kind, was, now)):
        yield f"{tighter} of '{name}' was {was.get(tighter)} and is {now[tighter]}", f"narrowed: [{name}]"


def _narrower(kind: str, was: Mapping[str, Any], now: Mapping[str, Any]) -> str | None:
    """The first rule that allows less than it did."""

    def order(bound: Any) -> Any:
        return Decimal(bound) if kind in ("integer", "decimal", "double") or isinstance(bound, int) else str(bound)

    for rule, sign in (("minimum", 1), ("maximum", -1), ("max_length", -1)):
        if now[rule] is None or now[rule] == was[rule]:
            continue
        if was[rule] is None or (order(now[rule]) > order(was[rule])) == (sign == 1):
            return rule
    if now["required"] and not was["required"]:
        return "required"
    for rule in ("pattern", "form"):
        if now[rule] not in (None, was.get(rule)):
            return rule
    if now["allowed"] and not (was["allowed"] and set(was["allowed"]) <= set(now["allowed"])):
        return "allowed"
    return None


def _refusal(landed: Shape, contract: Contract, missing: list[tuple[str, str]]) -> ContractError:
    what = "; ".join(words for words, _ in missing)
    if _number(landed.version) > _number(contract.version):
        return ContractError(
            f"'{contract.name}' has landed under version {landed.version} of its contract, and this is "
            f"{contract.version}: {what}.",
            remedy="Use the newer contract.",
        )
    is_new = _number(contract.version) > _number(landed.version)
    version = contract.version if is_new else f"a version above {landed.version}"
    raised = "" if is_new else f"Give {contract.path.name} {version}, and "
    write = "; ".join(dict.fromkeys(what for _, what in missing))
    return ContractError(
        f"The contract of '{contract.name}' is not the one that its records landed under ({landed.version}): {what}.",
        remedy=f"{raised or 'In its contract, '}declare the way across in `changes`, for {version}: {write}. "
        "See lake/contracts/changes.py.",
    )


def _type(kind: str, scale: int) -> str:
    return f"decimal({scale})" if kind == "decimal" else kind


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.partition("+")[0].partition("-")[0].split("."))


_LISTS = ("removed", "retyped", "narrowed")


def parsed(value: Any) -> tuple[Change, ...]:
    """The entries of a contract's `changes`, oldest first.

    Raises:
        ValueError: one says what nobody knows.
    """
    found = []
    for entry in value:
        if not isinstance(entry, dict) or not isinstance(entry.get("version"), str):
            raise ValueError(f"changes: {entry!r} has no version such as 2.0.0")
        known = {"version", "renamed", "again", *_LISTS}
        if unknown := set(entry) - known:
            raise ValueError(
                f"changes {entry['version']}: {', '.join(sorted(unknown))} is none of {', '.join(sorted(known))}"
            )
        lists = {what: entry.get(what, []) for what in _LISTS}
        renamed, again = entry.get("renamed", {}), entry.get("again", False)
        is_typed = (
            all(isinstance(v, list) for v in lists.values()) and isinstance(renamed, dict) and isinstance(again, bool)
        )
        names = [*renamed, *renamed.values(), *(n for v in lists.values() for n in v)] if is_typed else [None]
        if not all(isinstance(name, str) for name in names):
            raise ValueError(f"changes {entry['version']}: renamed maps names, the others list them, again is true")
        lists = {what: tuple(names) for what, names in lists.items()}
        try:
            _number(entry["version"])
        except ValueError:
            raise ValueError(f"changes: version '{entry['version']}' is not a semantic one, such as 2.0.0") from None
        found.append(Change(entry["version"], tuple(renamed.items()), again=again, **lists))
    return tuple(sorted(found, key=lambda change: _number(change.version)))


def faults(contract: Contract) -> Iterator[str]:
    """What a contract's `changes` say that can't be."""
    stored = {f.name for f in contract.stored}
    later: set[str] = set()
    for change in reversed(contract.changes):
        if _number(change.version) > _number(contract.version):
            yield f"changes {change.version} is above the contract's version {contract.version}"
        for what, names in (
            ("renamed", [new for _, new in change.renamed]),
            ("retyped", change.retyped),
            ("narrowed", change.narrowed),
        ):
            for name in names:
                if name not in stored | later:
                    yield f"changes {change.version}: {what} '{name}' is not a field that is stored"
        later |= {old for old, _ in change.renamed} | set(change.removed)
