"""The columnar codec against `bson` itself, both ways."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import bson
import pyarrow as pa
import pytest
from bson.codec_options import CodecOptions
from bson.decimal128 import Decimal128
from bson.int64 import Int64
from hypothesis import given
from hypothesis import strategies as st

from lake.errors import StoreError
from lake.store.bson_columns import decode, encode

SCHEMA = pa.schema(
    [
        pa.field("_id", pa.binary(20)),
        pa.field("text", pa.string()),
        pa.field("whole", pa.int64()),
        pa.field("été", pa.string()),
        pa.field("money", pa.decimal128(18, 2)),
        pa.field("rate", pa.decimal128(18, 6)),
        pa.field("weight", pa.float64()),
        pa.field("is_on", pa.bool_()),
        pa.field("day", pa.date32()),
        pa.field("at", pa.timestamp("ms", tz="UTC")),
        pa.field("last", pa.string()),
    ]
)
CODEC = CodecOptions[dict[str, Any]](tz_aware=True, tzinfo=UTC)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

days = st.dates(date(1, 1, 2), date(9999, 12, 30))
instants = st.integers(-(10**13), 10**14).map(lambda ms: EPOCH + timedelta(milliseconds=ms))
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


def decimals(scale: int) -> st.SearchStrategy[Decimal]:
    return st.integers(-(10**18) + 1, 10**18 - 1).map(lambda whole: Decimal(whole).scaleb(-scale))


rows = st.fixed_dictionaries(
    {
        "_id": st.binary(min_size=20, max_size=20),
        "text": st.none() | texts,
        "whole": st.none() | st.integers(-(2**63), 2**63 - 1),
        "été": texts,
        "money": st.none() | decimals(2),
        "rate": st.none() | decimals(6),
        "weight": st.none() | st.floats(allow_nan=False),
        "is_on": st.none() | st.booleans(),
        "day": st.none() | days,
        "at": st.none() | instants,
        "last": st.none() | texts,
    }
)


def plain(row: dict[str, Any]) -> dict[str, Any]:
    """The same row as `bson` would be given it."""
    kinds = {"whole": Int64, "money": Decimal128, "rate": Decimal128}
    made = {name: row[name] for name in SCHEMA.names}
    made.update({name: kind(row[name]) for name, kind in kinds.items() if row[name] is not None})
    if row["day"] is not None:
        made["day"] = datetime(row["day"].year, row["day"].month, row["day"].day, tzinfo=UTC)
    return made


@given(st.lists(rows, min_size=1, max_size=8))
def test_what_is_encoded_is_what_bson_encodes(found: list[dict[str, Any]]) -> None:
    made = encode(pa.Table.from_pylist(found, SCHEMA)).to_pylist()
    assert made == [bson.encode(plain(row), codec_options=CODEC) for row in found]


@given(st.lists(rows, max_size=8), st.integers(0, 3))
def test_what_is_encoded_decodes_to_itself(found: list[dict[str, Any]], begin: int) -> None:
    table = pa.Table.from_pylist(found, SCHEMA).slice(begin)  # Encoding minds the offset of a slice.
    assert decode(b"".join(encode(table).to_pylist()), SCHEMA).to_pylist() == table.to_pylist()


def shuffled(row: dict[str, Any], order: int) -> dict[str, Any]:
    names = list(row)
    return {name: row[name] for name in names[order % len(names) :] + names[: order % len(names)]}


@given(st.lists(st.tuples(rows, st.integers(0, 10), st.booleans()), max_size=8))
def test_documents_in_another_order_or_with_other_fields_decode_all_the_same(
    found: list[tuple[dict[str, Any], int, bool]],
) -> None:
    documents = []
    for row, order, is_odd in found:
        document = shuffled(plain(row), order)
        if is_odd:
            document = {k: v for k, v in document.items() if v is not None} | {"more": [1, {"a": 2}]}
        documents.append(bson.encode(document, codec_options=CODEC))
    assert decode(b"".join(documents), SCHEMA).to_pylist() == [row for row, _, _ in found]


@pytest.mark.parametrize(
    ("given_value", "kind", "expected"),
    [
        (7, pa.int64(), 7),  # A 32-bit integer.
        (Decimal128("1.5"), pa.decimal128(18, 2), Decimal("1.50")),
        (Decimal128("15E2"), pa.decimal128(18, 2), Decimal("1500.00")),
        (Decimal128("-0.00"), pa.decimal128(18, 2), Decimal("0.00")),
        (7, pa.float64(), 7.0),
        ("a\0b", pa.string(), "a\0b"),
    ],
)
def test_other_spellings_of_a_value_are_understood(given_value: Any, kind: pa.DataType, expected: Any) -> None:
    schema = pa.schema([pa.field("a", kind)])
    assert decode(bson.encode({"a": given_value}), schema).to_pylist() == [{"a": expected}]


@pytest.mark.parametrize(
    ("given_value", "kind"),
    [
        (Decimal128("1.005"), pa.decimal128(18, 2)),
        (Decimal128("NaN"), pa.decimal128(18, 2)),
        ("seven", pa.int64()),
        (datetime(2024, 1, 1, 12, tzinfo=UTC), pa.date32()),
        ({"a": 1}, pa.string()),
    ],
)
def test_a_value_that_does_not_fit_is_an_error_and_never_another_value(given_value: Any, kind: pa.DataType) -> None:
    with pytest.raises(StoreError, match="field 'a' in MongoDB"):
        decode(bson.encode({"a": given_value}), pa.schema([pa.field("a", kind)]))


def test_a_document_that_is_cut_off_is_an_error() -> None:
    whole = bson.encode({"a": "x"})
    with pytest.raises(StoreError, match="cut off"):
        decode(whole + whole[:-2], pa.schema([pa.field("a", pa.string())]))


def test_more_than_18_digits_are_refused() -> None:
    table = pa.table({"a": pa.array([Decimal(1)], pa.decimal128(38, 2))})
    with pytest.raises(StoreError, match="18 digits"):
        encode(table)
