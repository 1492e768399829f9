"""Contracts: one Open Data Contract Standard v3 YAML per source, in a folder per line.

A contract alone says how a source is recognised, read, typed, checked, keyed, versioned, indexed, mirrored and
described to dbt. What ODCS has no field for stands in its `customProperties`:

on the contract
    reading        how files look (see `Reading`)
    eventTime      field that dates the event
    structure      field that holds the structure's id (access is decided on it)
    versionOrder   field by which versions of a key are ordered, or `landing`: the last landed wins
    deletion       {field, value}: a row that says its key is deleted (only key and order are required in it)
    wholeOf        {scope, share, floor}: a file holds all there is of the scopes that it speaks of (see `WholeOf`)
    controlTotals  fields whose sums must be the same in the lake and in the mart
    shardKey, indexes   for MongoDB
    changes        the way across from what landed under earlier versions (see `lake/contracts/changes.py`)

on its description
    purposeFr      the purpose in French; as it stands unless told

on a field
    personal       `pseudonym` (stored as its HMAC), `drop` (never stored) or `keep` (stored as it is, since marts need
                   it); always together with ODCS's `classification: personal`
    namespace      of the pseudonym, `person` unless told: the same value in the same namespace is the same person
    equal          of a pseudonym: which writings are one value, any of `strictness.EQUAL`. Its form is ODCS's
                   `pattern`, which the one writing must match. Both are required: what has no form identifies nobody
    form           of a date: `day`, or `first of month` where the date stands for its month; required in a key
    rounding       true where amounts are computed: more decimals than the field has are rounded, half away from zero
    values         mapping from the file's spelling to the stored value ({Oui: true})
    fromFile       the field comes from a named group of the file name's pattern
    aliases        other headers under which the column is known
    unit           eur, hours, days, rate, …

A contract with anything else in it, or with something that landing can't work with, is refused as a whole
(`strictness`): a misspelt `personal` must never store a name in clear. It stops its own source and no other; what that
means for files that could be of it is in `lake/land/recognise.py`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import yaml
from open_data_contract_standard.model import CustomProperty, Description, OpenDataContractStandard, SchemaProperty
from pydantic import BaseModel, ConfigDict, ValidationError

from lake.contracts.changes import Change, parsed
from lake.contracts.changes import faults as faults_of_changes
from lake.contracts.strictness import foreign, misspelt, unusable
from lake.errors import ContractError, UnknownSource

FOLDER = Path(__file__).parent

Kind = Literal["string", "integer", "decimal", "double", "boolean", "date", "timestamp"]

#: The loader written in C is ten times as fast, where PyYAML has it; both are safe.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_LOADER):  # type: ignore[misc, valid-type]
    """YAML in which a key may stand once: of two `customProperties` the first would be lost without a word."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        for key in keys:
            if keys.count(key) > 1:
                raise yaml.constructor.ConstructorError(None, None, f"key '{key}' stands twice", node.start_mark)
        made: dict[Any, Any] = super().construct_mapping(node, deep)
        return made


_ARROW: dict[str, pa.DataType] = {
    "string": pa.string(),
    "integer": pa.int64(),
    "double": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("ms", tz="UTC"),
}

#: What the lake adds to every record, in this order, before the contract's own fields.
#: `_key` digest of the natural key · `_version` 0 for the first arrival of a key, then 1, 2, … · `_batch` the landing
#: batch · `_file` number of the delivered file in the ledger · `_line` 1-based line or row in it · `_order` the
#: version order as an integer (milliseconds for times, days for dates; 0 for `landing`) · `_hash` of the content ·
#: `_deleted` the record is a tombstone.
META_SCHEMA = pa.schema(
    [
        pa.field("_key", pa.binary(16), nullable=False),
        pa.field("_version", pa.int32(), nullable=False),
        pa.field("_batch", pa.int64(), nullable=False),
        pa.field("_file", pa.int64(), nullable=False),
        pa.field("_line", pa.int64(), nullable=False),
        pa.field("_order", pa.int64(), nullable=False),
        pa.field("_hash", pa.int64(), nullable=False),
        pa.field("_deleted", pa.bool_(), nullable=False),
    ]
)


class Reading(BaseModel):
    """How a source's files look. Times without a zone are in `zone` and stored in UTC."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: str
    files: tuple[str, ...] = ()
    encodings: tuple[str, ...] = ("utf-8",)
    separators: tuple[str, ...] = (";",)
    decimal: str = ","
    dates: tuple[str, ...] = ("%d/%m/%Y", "%Y-%m-%d")
    timestamps: tuple[str, ...] = ("%d/%m/%Y %H:%M:%S", "%d/%m/%Y %H:%M", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S")
    zone: str = "Europe/Paris"
    sheet: str | None = None
    options: dict[str, Any] = {}


@dataclass(frozen=True)
class Field:
    """One field. `header` is its name in the file, `name` its name in the lake and everywhere after."""

    name: str
    header: str
    kind: Kind
    description: str
    scale: int = 2
    required: bool = False
    key_position: int | None = None
    minimum: Any = None
    maximum: Any = None
    pattern: str | None = None
    max_length: int | None = None
    allowed: tuple[Any, ...] = ()
    values: tuple[tuple[str, Any], ...] = ()
    personal: Literal["pseudonym", "drop", "keep"] | None = None
    namespace: str = "person"
    equal: tuple[str, ...] | None = None
    form: str | None = None
    rounding: bool = False
    from_file: str | None = None
    aliases: tuple[str, ...] = ()
    unit: str | None = None

    @property
    def is_stored(self) -> bool:
        return self.personal != "drop"

    @property
    def arrow_type(self) -> pa.DataType:
        if self.kind == "decimal":
            return pa.decimal128(18, self.scale)
        return _ARROW[self.kind]


@dataclass(frozen=True)
class ScopePart:
    """One field of a scope, or the `year` or `month` of a date: `structure_id`, `month_on.year`."""

    field: str
    unit: Literal["year", "month"] | None = None

    @classmethod
    def parse(cls, text: str) -> ScopePart:
        field, _, unit = text.partition(".")
        return cls(field, unit or None)  # type: ignore[arg-type]


@dataclass(frozen=True)
class WholeOf:
    """A file is the whole truth of its scopes: what a newer one no longer holds is withdrawn by it.

    Attributes:
        scope: What tells scopes apart: [structure, month] means that a file holds all of a structure and month. Nothing
            means that a file holds everything.
        share: Part of a scope's records up to which a file withdraws without a person's confirmation.
        floor: Records that it may withdraw beyond that share, as long as it leaves half of them.
    """

    scope: tuple[ScopePart, ...]
    share: float = 0.2
    floor: int = 24


@dataclass(frozen=True)
class Contract:
    """One source: its fields and how its files become records. Grain: `grain`, one sentence."""

    name: str
    line: str
    version: str
    purpose: str
    purpose_fr: str
    grain: str
    fields: tuple[Field, ...]
    reading: Reading
    event_time: str | None
    structure: str | None
    version_order: str
    deletion_field: str | None
    deletion_value: str | None
    whole_of: WholeOf | None
    control_totals: tuple[str, ...]
    shard_key: tuple[str, ...]
    indexes: tuple[tuple[str, ...], ...]
    freshness_days: int | None
    path: Path
    changes: tuple[Change, ...] = ()

    @cached_property
    def stored(self) -> tuple[Field, ...]:
        """The fields that reach MongoDB and everything after it."""
        return tuple(f for f in self.fields if f.is_stored)

    @cached_property
    def key(self) -> tuple[Field, ...]:
        """The natural key, in order."""
        keyed = [f for f in self.fields if f.key_position is not None]
        return tuple(sorted(keyed, key=lambda f: f.key_position or 0))

    @cached_property
    def arrow_schema(self) -> pa.Schema:
        """Types of the stored fields, without the lake's own columns."""
        return pa.schema([pa.field(f.name, f.arrow_type) for f in self.stored])

    @cached_property
    def mirror_schema(self) -> pa.Schema:
        """Types of a mirrored record: the lake's own columns, then the contract's."""
        return pa.schema([*META_SCHEMA, *self.arrow_schema])

    @cached_property
    def file_patterns(self) -> tuple[re.Pattern[str], ...]:
        return tuple(re.compile(p, re.IGNORECASE) for p in self.reading.files)

    def field(self, name: str) -> Field:
        for field in self.fields:
            if field.name == name:
                return field
        raise ContractError(f"Contract '{self.name}' has no field '{name}'.", remedy=f"See {self.path.name}.")


def load(path: Path) -> Contract:
    """Read and validate one contract.

    Raises:
        ContractError: the file is not a valid ODCS v3 document, lacks what landing needs, or says what nobody knows.
    """
    shown = f"{path.parent.name}/{path.name}"
    raw: Any = None
    try:
        raw = yaml.load(path.read_text("utf-8"), _Loader)
        document = OpenDataContractStandard.model_validate(raw, extra="forbid")
    except (OSError, ValueError, yaml.YAMLError) as error:
        why = foreign(error, raw) if isinstance(error, ValidationError) else " ".join(str(error).split())
        raise ContractError(f"{shown} is not a valid ODCS v3 contract: {why}.") from error
    try:
        return _contract(document, path)
    except (KeyError, ValueError, TypeError) as error:
        raise ContractError(
            f"{shown} can't drive a source: {error}.", remedy="See lake/contracts/__init__.py."
        ) from error


@dataclass(frozen=True)
class Broken:
    """A contract that can't be used until it is corrected.

    Attributes:
        source: Its source, by its place: `<line>/<source>.yaml`.
        line: The line of its folder.
        error: What is wrong with it.
        files: Patterns of its files' names, as far as they can be told: None where they can't.
    """

    source: str
    line: str
    error: ContractError
    files: tuple[re.Pattern[str], ...] | None


def catalogue(folder: Path | None = None) -> dict[str, Contract]:
    """Every contract that can be used by source name (`<line>_<source>`), sorted; `broken` has the others."""
    return _survey(folder or FOLDER)[0]


def broken(folder: Path | None = None) -> tuple[Broken, ...]:
    """The contracts that can't be used, by source."""
    return _survey(folder or FOLDER)[1]


def contract(source: str) -> Contract:
    """The contract of one source.

    Raises:
        ContractError: it is broken.
        UnknownSource: with the nearest known ones.
    """
    known = catalogue()
    require(lambda one: one.source == source)
    if source not in known:
        raise UnknownSource(source, known)
    return known[source]


def require(is_needed: Callable[[Broken], bool] = lambda one: True) -> None:
    """The contracts that are needed can be used; all of them are unless told.

    Raises:
        ContractError: one is broken.
    """
    for one in filter(is_needed, broken()):
        raise ContractError(one.error.what, remedy=one.error.remedy) from one.error


@lru_cache(maxsize=4)
def _survey(folder: Path) -> tuple[dict[str, Contract], tuple[Broken, ...]]:
    found: dict[str, Contract] = {}
    wrong: list[Broken] = []
    for path in sorted(folder.glob("*/*.yaml")):
        source = f"{path.parent.name}_{path.stem}"
        try:
            found[source] = load(path)
        except ContractError as error:
            wrong.append(Broken(source, path.parent.name, error, _named(path)))
    return dict(sorted(found.items())), tuple(sorted(wrong, key=lambda b: b.source))


def _named(path: Path) -> tuple[re.Pattern[str], ...] | None:
    """The patterns of file names in a contract that is broken, perhaps elsewhere."""
    try:
        raw = yaml.load(path.read_text("utf-8"), _Loader)
        (reading,) = [each["value"] for each in raw["customProperties"] if each["property"] == "reading"]
        files = reading["files"]
        return tuple(re.compile(pattern, re.IGNORECASE) for pattern in files) if isinstance(files, list) else None
    except (OSError, ValueError, TypeError, KeyError, yaml.YAMLError, re.error):
        return None


def _contract(document: OpenDataContractStandard, path: Path) -> Contract:
    _refuse(misspelt(document))
    (table,) = document.schema_ or []
    extra = _custom(document.customProperties)
    described = document.description or Description()
    purpose = described.purpose or ""
    fields = tuple(_fields(table.properties or []))
    deletion = extra.get("deletion") or {}
    result = Contract(
        name=table.name or "",
        line=document.domain or "",
        version=document.version or "",
        purpose=purpose,
        purpose_fr=_custom(described.customProperties).get("purposeFr", purpose),
        grain=table.dataGranularityDescription or "",
        fields=fields,
        reading=_reading(extra["reading"]),
        event_time=extra.get("eventTime"),
        structure=extra.get("structure"),
        version_order=extra.get("versionOrder", "landing"),
        deletion_field=deletion.get("field"),
        deletion_value=deletion.get("value"),
        whole_of=_whole_of(extra.get("wholeOf")),
        control_totals=tuple(extra.get("controlTotals", ())),
        shard_key=tuple(extra.get("shardKey", ())),
        indexes=tuple(tuple(i) for i in extra.get("indexes", ())),
        freshness_days=_freshness(document),
        path=path,
        changes=parsed(extra.get("changes", ())),
    )
    _refuse(unusable(result))
    _refuse(faults_of_changes(result))
    if result.name != (place := f"{path.parent.name}_{path.stem}"):
        raise ValueError(f"schema name '{result.name}' is not '{place}', which its place says")
    return result


def _whole_of(told: dict[str, Any] | None) -> WholeOf | None:
    if told is None:
        return None
    return WholeOf(**{**told, "scope": tuple(map(ScopePart.parse, told["scope"]))})


def _refuse(faults: Iterator[str]) -> None:
    if found := "; ".join(faults):
        raise ValueError(found)


def _reading(told: dict[str, Any]) -> Reading:
    try:
        return Reading.model_validate(told)
    except ValidationError as error:
        raise ValueError(f"reading: {foreign(error, told, Reading.model_fields)}") from error


def _fields(properties: list[SchemaProperty]) -> Iterator[Field]:
    for prop in properties:
        extra = _custom(prop.customProperties)
        options = prop.logicalTypeOptions or {}
        kind, scale = _kind(prop)
        yield Field(
            name=prop.name or "",
            header=prop.physicalName or prop.name or "",
            kind=kind,
            description=prop.description or "",
            scale=scale,
            required=bool(prop.required),
            key_position=(prop.primaryKeyPosition or 1) if prop.primaryKey else None,
            minimum=options.get("minimum"),
            maximum=options.get("maximum"),
            pattern=options.get("pattern"),
            max_length=options.get("maxLength"),
            allowed=tuple(v.value for v in prop.enum or ()),
            values=tuple((str(k), v) for k, v in (extra.get("values") or {}).items()),
            personal=extra.get("personal"),
            namespace=extra.get("namespace", "person"),
            equal=tuple(extra["equal"]) if "equal" in extra else None,
            form=extra.get("form"),
            rounding=bool(extra.get("rounding", False)),
            from_file=extra.get("fromFile"),
            aliases=tuple(extra.get("aliases", ())),
            unit=extra.get("unit"),
        )


def _kind(prop: SchemaProperty) -> tuple[Kind, int]:
    """The field's type: `number` is a DECIMAL(18,s) unless its physicalType says DOUBLE."""
    logical = prop.logicalType or ""
    if logical != "number":
        if logical not in _ARROW:
            raise ValueError(f"field '{prop.name}' has logicalType '{logical}'")
        return logical, 0  # type: ignore[return-value]
    physical = (prop.physicalType or "DECIMAL(18,2)").upper()
    if physical == "DOUBLE":
        return "double", 0
    match = re.fullmatch(r"DECIMAL\(18,\s*(\d+)\)", physical)
    if not match or int(match.group(1)) > 18:
        raise ValueError(f"field '{prop.name}' has physicalType '{physical}', not DECIMAL(18,s) or DOUBLE")
    return "decimal", int(match.group(1))


def _freshness(document: OpenDataContractStandard) -> int | None:
    for item in document.slaProperties or []:
        if item.property == "freshness" and item.value is not None:
            return int(item.value)
    return None


def _custom(properties: list[CustomProperty] | None) -> dict[str, Any]:
    return {p.property or "": p.value for p in properties or []}
