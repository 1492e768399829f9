"""What a contract may say: nothing in it is passed over, for a misspelt `personal` would store a name in clear.

`misspelt` looks at the document as it is written, `unusable` at the contract made of it. Both name each fault in a few
words: where, what, the value. `foreign` words what pydantic refuses the same way.
"""

from __future__ import annotations

import re
import struct
from codecs import lookup
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from itertools import chain
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc
from open_data_contract_standard.model import (
    CustomProperty,
    OpenDataContractStandard,
    SchemaObject,
    SchemaProperty,
)
from pydantic import ValidationError

from lake.errors import nearest

if TYPE_CHECKING:
    from lake.contracts import Contract, Field, Reading

#: The custom properties, by where they stand, and the type of their value.
_ON_CONTRACT = {
    "reading": dict,
    "eventTime": str,
    "structure": str,
    "versionOrder": str,
    "deletion": dict,
    "wholeOf": dict,
    "controlTotals": list,
    "shardKey": list,
    "indexes": list,
    "changes": list,
}
_ON_DESCRIPTION = {"purposeFr": str}
_ON_FIELD = {
    "personal": str,
    "namespace": str,
    "equal": list,
    "form": str,
    "rounding": bool,
    "values": dict,
    "fromFile": str,
    "aliases": list,
    "unit": str,
}

#: What landing checks of a value, by the kind of its field.
_BOUNDS = {"minimum": object, "maximum": object}
_RULES: dict[str, dict[str, type]] = {"string": {"pattern": str, "maxLength": int}, "boolean": {}}

_DELETION = {"field": str, "value": object}
_WHOLE_OF: dict[str, Any] = {"scope": list, "share": (int, float), "floor": int}
_READER_OPTIONS = {"quotes": bool, "header": bool, "records": str, "open": bool}

_PERSONAL = ("pseudonym", "drop", "keep")

#: Differences between two writings of one identity: blanks of any kind, dots and dashes, upper and lower case, zeros
#: before a number.
EQUAL = ("blanks", "punctuation", "case", "leading zeros")

#: What a date can stand for.
FORMS = ("day", "first of month")

#: Groups that a file name's pattern may have besides those named like fields: what tells a source's files apart.
_FILE_GROUPS = ("year", "month", "date", "sender")

#: Characters of the longest text a value may be asked to fit in; a longer value is never landed.
_LONGEST = 1 << 18

_VERSION = r"(0|[1-9]\d*)(\.(0|[1-9]\d*)){2}(-[\w.-]+)?(\+[\w.-]+)?"


def misspelt(document: OpenDataContractStandard) -> Iterator[str]:
    """Names and types that the lake does not know, and personal data of which it is not said what becomes of it."""
    yield from _known(_pairs(document.customProperties), _ON_CONTRACT, "custom property")
    described = document.description.customProperties if document.description else None
    yield from _known(_pairs(described), _ON_DESCRIPTION, "description: custom property")
    for name, value in _pairs(document.customProperties):
        if name == "deletion" and isinstance(value, dict):
            yield from _known(value.items(), _DELETION, "deletion: key")
            yield from (f"deletion has no '{key}'" for key in _DELETION if value.get(key) is None)
        if name == "wholeOf" and isinstance(value, dict):
            yield from _known(value.items(), _WHOLE_OF, "wholeOf: key")
            if not all(isinstance(part, str) for part in value.get("scope") or [None] * ("scope" not in value)):
                yield "wholeOf has no 'scope', a list of fields"
    if "reading" not in dict(_pairs(document.customProperties)):
        yield "custom property 'reading' is missing"
    tables = document.schema_ or []
    if len(tables) != 1:
        yield f"schema has {len(tables)} tables, not one"
    for table in tables:
        yield from _known(_pairs(table.customProperties), {}, f"schema '{table.name}': custom property")
        for prop in table.properties or []:
            yield from (f"field '{prop.name}': {fault}" for fault in _misspelt_field(prop))


def _misspelt_field(prop: SchemaProperty) -> Iterator[str]:
    custom = _pairs(prop.customProperties)
    yield from _known(custom, _ON_FIELD, "custom property")
    rules = _RULES.get(prop.logicalType or "", _BOUNDS)
    yield from _known((prop.logicalTypeOptions or {}).items(), rules, "logicalTypeOptions of this type: key")
    personal = dict(custom).get("personal")
    if personal is not None and personal not in _PERSONAL:
        yield f"personal '{personal}' is none of {', '.join(_PERSONAL)}"
    if prop.classification not in (None, "personal"):
        yield f"classification '{prop.classification}' is not 'personal', the only one there is"
    elif (prop.classification is None) != (personal is None):
        missing = "custom property 'personal'" if personal is None else "classification 'personal'"
        given = "classification 'personal'" if personal is None else f"custom property 'personal: {personal}'"
        yield f"{given} stands without {missing}"
    if prop.enum is not None and not prop.enum:
        yield "enum [] allows no value"


def _known(given: Any, known: Mapping[str, type], what: str) -> Iterator[str]:
    """Faults of names and the types of their values."""
    seen = set()
    for name, value in given:
        if name not in known:
            yield f"{what} '{name}' is not known{_hint(str(name), known)}"
        elif not isinstance(value, known[name]) or (isinstance(value, bool) and known[name] is int) or value is None:
            yield f"{what} '{name}' can't be {value!r}"
        if name in seen:
            yield f"{what} '{name}' stands twice"
        seen.add(name)


def _pairs(properties: list[CustomProperty] | None) -> list[tuple[str, Any]]:
    return [(p.property or "", p.value) for p in properties or []]


def _hint(name: str, known: Mapping[str, Any]) -> str:
    near = nearest(name, known, 1)
    return f" (did you mean '{near[0]}'?)" if near else f" (known: {', '.join(known)})" if known else ""


def foreign(error: ValidationError, document: Any, known: Mapping[str, Any] | None = None) -> str:
    """What pydantic refuses, in one line: places named by their `name` or `property`, unknown keys with a known one.

    Args:
        error: Of validating `document`.
        document: As YAML gives it.
        known: The keys it may have; those of ODCS unless told.
    """
    odcs = {k: None for model in (OpenDataContractStandard, SchemaObject, SchemaProperty) for k in model.model_fields}
    faults = []
    for fault in error.errors():
        at, words = document, []
        for part in fault["loc"]:
            at = at[int(part)] if isinstance(at, list) else at.get(part) if isinstance(at, dict) else None
            named = (at.get("name") or at.get("property")) if isinstance(at, dict) else None
            words.append(str(part) if isinstance(part, str) else f"'{named}'" if named else str(part))
        if fault["type"] == "extra_forbidden":
            what = f"is not known{_hint(str(fault['loc'][-1]), odcs if known is None else known)}"
        else:
            what = f"can't be {at!r:.80}: {fault['msg']}"
        faults.append(f"{' '.join(words)} {what}".strip())
    return "; ".join(faults)


def unusable(c: Contract) -> Iterator[str]:
    """What landing could not work with."""
    names = [f.name for f in c.fields]
    if not re.fullmatch(_VERSION, c.version, re.ASCII):
        yield f"version '{c.version}' is not a semantic one, such as 1.0.0"
    if not c.name.startswith(f"{c.line}_"):
        yield f"schema name '{c.name}' must start with '{c.line}_'"
    if not c.grain:
        yield "dataGranularityDescription is empty"
    if not c.key:
        yield "no field is a primaryKey"
    if c.freshness_days is not None and c.freshness_days < 1:
        yield f"freshness {c.freshness_days} is not a number of days"
    yield from (f"field '{name}' stands twice" for name in dict.fromkeys(names) if names.count(name) > 1)
    for field in c.fields:
        yield from (f"field '{field.name}': {fault}" for fault in _unusable_field(field))
    yield from _unusable_names(c)
    yield from _unusable_whole(c)
    yield from (f"reading: {fault}" for fault in chain(_unusable_reading(c.reading), _unusable_files(c)))


def _unusable_names(c: Contract) -> Iterator[str]:
    """Properties of the contract that name fields: stored ones, of a fitting type."""
    times, numbers = ("date", "timestamp"), ("integer", "decimal", "double")
    named = [
        ("eventTime", [c.event_time], times),
        ("structure", [c.structure], ()),
        ("versionOrder", [c.version_order if c.version_order != "landing" else None], (*times, "integer")),
        ("deletion", [c.deletion_field], ()),
        ("controlTotals", c.control_totals, numbers),
        ("shardKey", c.shard_key, ()),
        *[("indexes", index, ()) for index in c.indexes],
    ]
    stored = {f.name: f.kind for f in c.stored}
    for what, fields, kinds in named:
        for name in fields:
            if name is not None and name not in stored:
                yield f"{what} '{name}' is not a field that is stored"
            elif name is not None and kinds and stored[name] not in kinds:
                yield f"{what} '{name}' is of type {stored[name]}, not {' or '.join(kinds)}"


def _unusable_whole(c: Contract) -> Iterator[str]:
    """Scopes that can't be told of every row, or a share that is none."""
    if c.whole_of is None:
        return
    required = {f.name: f.kind for f in c.stored if f.required}
    for part in c.whole_of.scope:
        if part.field not in required:
            yield f"wholeOf '{part.field}' is not a field that is stored and required"
        elif part.unit not in (None, "year", "month") or (part.unit and required[part.field] != "date"):
            yield f"wholeOf '{part.field}.{part.unit}' is not the year or month of a date"
        elif part.unit is None and required[part.field] not in ("string", "integer", "date"):
            yield f"wholeOf '{part.field}' is of type {required[part.field]}, not string, integer or date"
    if not 0 <= c.whole_of.share <= 1:
        yield f"wholeOf: share {c.whole_of.share} is not between 0 and 1"
    if c.whole_of.floor < 0:
        yield f"wholeOf: floor {c.whole_of.floor} is below 0"


def _unusable_field(field: Field) -> Iterator[str]:
    if not field.description:
        yield "description is empty"
    if not field.name or field.name.startswith("_"):
        yield f"name '{field.name}' is empty or starts with '_'"
    if field.personal == "drop" and field.key_position:
        yield "a key can't be dropped"
    if field.personal == "pseudonym" and field.kind != "string":
        yield f"personal 'pseudonym' is for strings, not for type {field.kind}"
    yield from _unusable_form(field)
    if field.pattern is not None and (why := _not_re2(field.pattern)):
        yield f"pattern '{field.pattern}' is not a regular expression of RE2: {why}"
    if field.max_length is not None and not 1 <= field.max_length <= _LONGEST:
        yield f"maxLength {field.max_length} is not between 1 and {_LONGEST}"
    for what, value in [("minimum", field.minimum), ("maximum", field.maximum), *(("enum", v) for v in field.allowed)]:
        if value is not None or what == "enum":
            try:
                _typed(value, field)
            except ValueError:
                yield f"{what} {value!r} is not of type {field.kind}"
                return
    if None not in (field.minimum, field.maximum) and _typed(field.minimum, field) > _typed(field.maximum, field):
        yield f"minimum {field.minimum} is above maximum {field.maximum}"
    allowed = {str(v) for v in field.allowed}
    for spelling, value in field.values:
        if allowed and value is not None and str(value) not in allowed:
            yield f"values '{spelling}: {value}' gives what enum does not allow"
    if not all(isinstance(alias, str) and alias.strip() for alias in field.aliases):
        yield f"aliases {list(field.aliases)} are not all names"


def _unusable_form(field: Field) -> Iterator[str]:
    """Identities and dates in keys have a form; nothing else is said to have one."""
    if field.personal == "pseudonym":
        if field.pattern is None:
            yield "personal 'pseudonym' needs a pattern in logicalTypeOptions: the form of what becomes one"
        if field.equal is None:
            yield f"personal 'pseudonym' needs 'equal': which writings are one value (of {', '.join(EQUAL)}, or [])"
    elif field.equal is not None:
        yield "'equal' is for pseudonyms"
    yield from (f"equal '{e}'{_hint(str(e), dict.fromkeys(EQUAL))}" for e in field.equal or () if e not in EQUAL)
    if field.form is not None and field.kind != "date":
        yield f"'form' is for dates, not for type {field.kind}"
    elif field.form is not None and field.form not in FORMS:
        yield f"form '{field.form}' is none of {', '.join(FORMS)}"
    elif field.form is None and field.kind == "date" and field.key_position:
        yield f"a date in a key needs 'form': {' or '.join(FORMS)}"
    if field.rounding and field.kind != "decimal":
        yield f"'rounding' is for amounts, not for type {field.kind}"


def _typed(value: Any, field: Field) -> Any:
    """A bound or an allowed value in its field's type.

    Raises:
        ValueError: it is not of that type.
    """
    if value is None or isinstance(value, bool) != (field.kind == "boolean"):
        raise ValueError
    if field.kind == "timestamp":
        made = datetime.fromisoformat(str(value))
        return made if made.tzinfo else made.replace(tzinfo=UTC)
    # Made of bytes, since pa.scalar and pa.array import pandas: a second of every command.
    data = str(value).encode()
    ends = pa.py_buffer(struct.pack("=2i", 0, len(data)))
    return pa.StringArray.from_buffers(1, ends, pa.py_buffer(data)).cast(field.arrow_type)[0].as_py()


def _not_re2(pattern: str) -> str | None:
    """Why the engine that checks values refuses a pattern."""
    try:
        pc.match_substring_regex(pa.nulls(1, pa.string()), pattern)
    except pa.ArrowInvalid as error:
        return str(error)
    return None if pattern else "it is empty"


def _unusable_reading(reading: Reading) -> Iterator[str]:
    yield from (f"{what} [] is empty" for what in ("encodings", "separators") if not getattr(reading, what))
    yield from (f"encoding '{e}' is not known" for e in reading.encodings if not _is_encoding(e))
    for separator in reading.separators:
        if len(separator) != 1 or not separator.isascii() or separator.isalnum() or separator in '"\r\n\0':
            yield f"separator {separator!r} is not one character that can stand between values"
    if reading.decimal not in (",", "."):
        yield f"decimal {reading.decimal!r} is neither ',' nor '.'"
    for what, forms in (("dates", reading.dates), ("timestamps", reading.timestamps)):
        yield from (f"{what} '{form}' is not a format that gives back a day" for form in forms if not _gives_day(form))
    try:
        ZoneInfo(reading.zone)
    except (KeyError, ValueError, OSError):
        yield f"zone '{reading.zone}' is not known"
    yield from _known(reading.options.items(), _READER_OPTIONS, "options: key")


def _is_encoding(name: str) -> bool:
    """Whether it is an encoding of text (`hex` is one of bytes)."""
    try:
        "é".encode(lookup(name).name, "replace")
    except (LookupError, ValueError):
        return False
    return True


def _gives_day(form: str) -> bool:
    """Whether a day written in a format of `strptime` is read again as the same one."""
    day = datetime(2001, 2, 3, 14, 5, 6, tzinfo=UTC)
    if "%Y" not in form and "%y" not in form:
        return False
    try:
        return datetime.strptime(day.strftime(form), form).date() == day.date()
    except (ValueError, re.error):
        return False


def _unusable_files(c: Contract) -> Iterator[str]:
    """Patterns of file names: they compile, and have the groups that fields come from and no unknown ones."""
    wanted = {f.from_file: f for f in c.fields if f.from_file is not None}
    for pattern in c.reading.files:
        try:
            groups = set(re.compile(pattern, re.IGNORECASE).groupindex)
        except re.error as error:
            yield f"files '{pattern}' is not a regular expression: {error}"
            continue
        known = dict.fromkeys((*wanted, *(f.name for f in c.fields), *_FILE_GROUPS))
        for group in sorted(groups - set(known)):
            yield f"files '{pattern}': group '{group}' is not known{_hint(group, known)}"
        for group, field in wanted.items():
            if field.required and group not in groups:
                yield f"files '{pattern}' has no group '{group}', which field '{field.name}' comes from"
