"""Rows against their contract: typed, checked and pseudonymised in bulk, with every reason of every row that fails.

A reason is `field: what is wrong`, without any value, since values may be personal. A row that says its key is deleted
needs only its key and its order.
"""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field as dataclass_field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lake.contracts import Contract, Field
from lake.land.instants import Mask
from lake.land.values import clean, mask, typed
from lake.vault import Vault

#: Bytes of one value: a row of the longest ones still fits a document of MongoDB.
_LONGEST_VALUE = 1 << 18


@dataclass
class Checked:
    """What became of some rows.

    Attributes:
        table: All rows in `contract.arrow_schema` plus `_deleted`; where a row fails its values mean nothing.
        fails: The rows that fail.
        reasons: Of each row that fails, by index.
        rounded: Rows whose value was rounded, as its contract allows, by field.
    """

    table: pa.Table
    fails: Mask
    reasons: dict[int, list[str]] = dataclass_field(default_factory=dict)
    rounded: dict[str, Mask] = dataclass_field(default_factory=dict)


def check(rows: pa.Table, contract: Contract, vault: Vault, absent: dict[str, Mask]) -> Checked:
    """Type and check rows of text.

    Args:
        rows: Columns of text named by field.
        contract: Of their source.
        vault: Makes the pseudonyms.
        absent: Fields that some rows' files have no column for, and which rows.
    """
    columns: dict[str, pa.Array] = {}
    faults: list[tuple[Field, str, Mask]] = []
    rounded: dict[str, Mask] = {}
    for field in contract.stored:
        text = _text(rows, field)
        values, wrong, is_rounded = typed(text, field, contract.reading)
        columns[field.name] = values
        if is_rounded is not None and is_rounded.any():
            rounded[field.name] = is_rounded
        is_long = mask(pc.greater(pc.binary_length(text), _LONGEST_VALUE))
        faults.append((field, f"longer than {_LONGEST_VALUE:,} bytes", is_long))
        faults += [(field, what, where) for what, where in wrong]
        faults += [(field, what, where) for what, where in _broken_rules(values, field)]
        has_reason = np.logical_or.reduce([where for _, where in wrong])
        if _is_needed(field, contract):
            faults += _missing(text, values, field, has_reason, absent.get(field.name))
    deleted = _deleted(columns, contract)
    essential = {f.name for f in contract.key} | {contract.version_order, contract.deletion_field}
    fails = np.zeros(rows.num_rows, np.bool_)
    reasons: dict[int, list[str]] = {}
    for field, what, where in faults:
        broken = where if field.name in essential else where & ~deleted
        if broken.any():
            fails |= broken
            for index in np.flatnonzero(broken):
                reasons.setdefault(int(index), []).append(f"{field.name}: {what}")
    for field in contract.stored:
        if field.personal == "pseudonym":
            columns[field.name] = vault.pseudonyms(columns[field.name], field.namespace)
    table = pa.table({**columns, "_deleted": pa.array(deleted)})
    return Checked(table, fails, reasons, rounded)


def _text(rows: pa.Table, field: Field) -> pa.StringArray:
    if field.name not in rows.column_names:
        return pa.nulls(rows.num_rows, pa.string())
    return clean(rows.column(field.name))


def _is_needed(field: Field, contract: Contract) -> bool:
    return field.required or field.name == contract.version_order


def _missing(
    text: pa.StringArray, values: pa.Array, field: Field, has_reason: Mask, absent: Mask | None
) -> list[tuple[Field, str, Mask]]:
    """Values that must be there and are not; nonsense has its own reason already, a value mapped to nothing has not."""
    if values.null_count == 0:
        return []
    empty = mask(pc.is_null(text)) | (mask(pc.is_null(values)) & ~has_reason if field.kind == "string" else False)
    if absent is None:
        return [(field, "empty", empty)]
    return [(field, "column missing", empty & absent), (field, "empty", empty & ~absent)]


def _broken_rules(values: pa.Array, field: Field) -> list[tuple[str, Mask]]:
    faults: list[tuple[str, Mask]] = []
    if field.allowed:
        allowed = pa.array([_value(v, field) for v in field.allowed], values.type)
        faults.append(("not among the allowed values", mask(pc.is_valid(values)) & ~mask(pc.is_in(values, allowed))))
    if field.minimum is not None:
        least = pa.scalar(_value(field.minimum, field), values.type)
        faults.append((f"below {field.minimum}", mask(pc.less(values, least))))
    if field.maximum is not None:
        most = pa.scalar(_value(field.maximum, field), values.type)
        faults.append((f"above {field.maximum}", mask(pc.greater(values, most))))
    if field.pattern is not None:
        matches = mask(pc.match_substring_regex(values, field.pattern))
        faults.append(("not of the expected pattern", mask(pc.is_valid(values)) & ~matches))
    if field.max_length is not None:
        faults.append((f"longer than {field.max_length}", mask(pc.greater(pc.utf8_length(values), field.max_length))))
    return faults


def _value(value: Any, field: Field) -> Any:
    """A bound or allowed value of the contract, in the field's type."""
    match field.kind:
        case "string":
            return str(value)
        case "decimal":
            return Decimal(str(value)).quantize(Decimal(1).scaleb(-field.scale))
        case "integer":
            return int(value)
        case "double":
            return float(value)
        case "boolean":
            return bool(value)
        case "date":
            return value if isinstance(value, date) else date.fromisoformat(str(value))
        case "timestamp":
            return value if isinstance(value, datetime) else datetime.fromisoformat(str(value))


def _deleted(columns: dict[str, pa.Array], contract: Contract) -> Mask:
    """Rows that say their key is deleted."""
    if contract.deletion_field is None:
        return np.zeros(len(next(iter(columns.values()))), np.bool_)
    field = contract.field(contract.deletion_field)
    told = dict(field.values).get(str(contract.deletion_value), contract.deletion_value)
    return mask(pc.equal(columns[field.name], pa.scalar(_value(told, field), field.arrow_type)))
