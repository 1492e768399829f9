"""The lake's own books: which files were delivered, which batches they landed in, and what became of their rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyarrow as pa

from lake.contracts import Contract, Field
from lake.contracts.changes import Shape, shape, way
from lake.documents import read_as

#: A record's own columns in MongoDB, after `_id` and before the contract's fields.
RECORD_META = pa.schema(
    [
        pa.field("_batch", pa.int64(), nullable=False),
        pa.field("_file", pa.int64(), nullable=False),
        pa.field("_line", pa.int64(), nullable=False),
        pa.field("_order", pa.int64(), nullable=False),
        pa.field("_hash", pa.int64(), nullable=False),
        pa.field("_deleted", pa.bool_(), nullable=False),
    ]
)


@dataclass(frozen=True)
class Written:
    """What became of the rows of one file in one `write`, and the keys that it withdrew."""

    landed: int = 0
    unchanged: int = 0
    withdrawn: int = 0

    def __add__(self, other: Written) -> Written:
        return Written(self.landed + other.landed, self.unchanged + other.unchanged, self.withdrawn + other.withdrawn)


@dataclass(frozen=True)
class StoredField:
    """A field as the documents of a batch hold it."""

    name: str
    kind: str
    scale: int

    @property
    def arrow_type(self) -> pa.DataType:
        field = Field(self.name, self.name, self.kind, "", scale=self.scale)  # type: ignore[arg-type]
        return field.arrow_type


@dataclass(frozen=True)
class BatchRecord:
    """A committed batch. `hash_sum` is the sum of `_hash` over its records, `files` the ledger numbers it touched;
    `token` is random: another batch of the same number, in another lake or a restored one, has another."""

    number: int
    source: str
    contract_version: str
    fields: tuple[StoredField, ...]
    committed_at: datetime
    records: int
    hash_sum: int
    landed: int
    unchanged: int
    quarantined: int
    withdrawn: int
    files: tuple[int, ...]
    token: str
    rules: str = ""

    @property
    def shape(self) -> Shape:
        """The shape of the contract that it landed under."""
        return Shape(self.contract_version, tuple((f.name, f.kind, f.scale) for f in self.fields), self.rules)

    @property
    def schema(self) -> pa.Schema:
        """The documents' columns after `_id`."""
        return pa.schema([*RECORD_META, *(pa.field(f.name, f.arrow_type) for f in self.fields)])


@dataclass(frozen=True)
class FileRecord:
    """A delivered file in the ledger: rows read = landed + unchanged + quarantined, corrected by later retries.

    `withdrawn` are the records that it does not hold any more; `scopes` what it is the whole of, as text.
    `missing` are the optional fields that it has no column for and `extra` its headers without a field; None where
    nobody looked.
    """

    contract_version: str
    number: int
    source: str
    name: str
    sha256: str
    size: int
    batch: int
    added_at: datetime
    landed: int
    unchanged: int
    quarantined: int
    withdrawn: int
    scopes: tuple[tuple[str, ...], ...]
    missing: tuple[str, ...] | None
    extra: tuple[str, ...] | None

    @property
    def read(self) -> int:
        return self.landed + self.unchanged + self.quarantined


def current(batches: Iterable[BatchRecord], contract: Contract) -> list[BatchRecord]:
    """The batches of a source that count under its contract: with records, and not left out by its `changes`.

    Raises:
        ContractError: the contract does not say how to read what landed under another version of it.
    """
    own = [b for b in batches if b.source == contract.name and b.records]
    left_out = {one for one in {b.shape for b in own} if way(one, contract).is_left_out}
    return [b for b in own if b.shape not in left_out]


def rules(contract: Contract) -> str:
    """What a batch's document keeps of its contract besides the fields."""
    return shape(contract).rules


def stored_fields(contract: Contract) -> list[dict[str, Any]]:
    """The contract's stored fields, as the batch's document keeps them."""
    return [{"name": f.name, "kind": f.kind, "scale": f.scale} for f in contract.stored]


def batch_record(document: Mapping[str, Any]) -> BatchRecord:
    """From a document of `_batches` that is committed."""
    counts = document["counts"]
    return BatchRecord(
        number=document["_id"],
        source=document["source"],
        contract_version=document["contract_version"],
        fields=tuple(read_as(StoredField, f) for f in document["fields"]),
        committed_at=document["committed_at"],
        records=document["records"],
        hash_sum=int(document["hash_sum"]),
        landed=sum(c["landed"] for c in counts),
        unchanged=sum(c["unchanged"] for c in counts),
        quarantined=sum(c["quarantined"] for c in counts),
        withdrawn=sum(c.get("withdrawn", 0) for c in counts),  # A lake filled before 2026-12 does not say.
        files=tuple(c["file"] for c in counts),
        token=document["token"],
        rules=document.get("rules", ""),
    )


def file_records(files: Iterable[Mapping[str, Any]], batches: Iterable[Mapping[str, Any]]) -> list[FileRecord]:
    """Files of committed batches, with what all committed batches did with their rows."""
    totals: dict[int, list[int]] = {}
    versions: dict[int, str] = {}
    for batch in batches:
        versions[batch["_id"]] = batch.get("contract_version", "")
        for count in batch["counts"]:
            total = totals.setdefault(count["file"], [0, 0, 0, 0])
            for i, what in enumerate(("landed", "unchanged", "quarantined", "withdrawn")):
                total[i] += count.get(what, 0)
    return [
        _file_record(f, totals.get(f["_id"], [0, 0, 0, 0]), versions[f["batch"]])
        for f in files
        if f["batch"] in versions
    ]


def _file_record(f: Mapping[str, Any], totals: list[int], contract_version: str) -> FileRecord:
    landed, unchanged, quarantined, withdrawn = totals
    return FileRecord(
        contract_version=contract_version,
        number=f["_id"],
        source=f["source"],
        name=f["name"],
        sha256=f["sha256"],
        size=f["size"],
        batch=f["batch"],
        added_at=f["added_at"],
        landed=landed,
        unchanged=unchanged,
        quarantined=quarantined,
        withdrawn=withdrawn,
        scopes=tuple(map(tuple, f.get("scopes", ()))),
        missing=tuple(f["missing"]) if "missing" in f else None,
        extra=tuple(f["extra"]) if "extra" in f else None,
    )
