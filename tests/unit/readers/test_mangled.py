"""Whatever happens to a file, readers give rows or say what is broken; and what they keep can be read again."""

from __future__ import annotations

import io
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lake.contracts import Contract
from lake.errors import ReadError
from lake.readers import read
from lake.readers.chunk import Chunk
from lake.readers.stream import Plain
from tests.lab import GOOD, chunks, reading, row, text

ENCODINGS = ("cp1252", "utf-8", "utf-16-le")
CSV = reading(encodings=ENCODINGS)
LINES = reading(format="jsonl", encodings=ENCODINGS)
JSON = reading(format="json", encodings=ENCODINGS)

OBJECTS = [{**GOOD, "N° appareil": f"D{n}", "Prix": n / 2, "Remarque": 'a "b"\n'} for n in range(1000, 1006)]
FILES = {
    "csv": (CSV, text(row(1001), row(1002, comment='"a;b"'), row(1003, comment='"\n"'), "D1;2", row(1004, ear="é"))),
    "jsonl": (LINES, "".join(json.dumps(o, ensure_ascii=False) + "\n" for o in OBJECTS)),
    "json": (JSON, json.dumps({"count": 6, "records": OBJECTS}, ensure_ascii=False, indent=1)),
}

HARM = st.tuples(
    st.floats(0, 1),
    st.integers(0, 40),
    st.binary(max_size=6) | st.sampled_from([b'"', b";", b"\r", b"\n", b"{", b"\xff"]),
)


def mangled(content: str, encoding: str, harms: list[tuple[float, int, bytes]]) -> bytes:
    data = content.encode(encoding)
    for place, cut, put in harms:
        at = int(place * len(data))
        data = data[:at] + put + data[at + cut :]
    return data


def again(chunk: Chunk, original: bytes, contract: Contract) -> list[dict[str, str | None]]:
    stream = Plain(io.BytesIO(chunk.head + original))
    found = read(stream, contract, again=chunk.again, encoding=chunk.encoding)
    return [r for c in found for r in c.table.to_pylist()]


def told(row: dict[str, str | None]) -> dict[str, str]:
    """What a row says: a value that is absent and one that is null are the same."""
    return {name: value for name, value in row.items() if value is not None}


@pytest.mark.parametrize("name", FILES)
@settings(max_examples=150, deadline=None)
@given(harms=st.lists(HARM, max_size=5), encoding=st.sampled_from(["cp1252", "utf-8", "utf-8-sig", "utf-16"]))
def test_an_original_read_again_gives_its_row(name: str, harms: list[tuple[float, int, bytes]], encoding: str) -> None:
    contract, content = FILES[name]
    try:
        found = chunks(mangled(content, encoding, harms), contract)
    except ReadError:
        return
    for chunk in found:
        for index, expected in enumerate(chunk.table.to_pylist()):
            assert [told(r) for r in again(chunk, chunk.original(index), contract)] == [told(expected)]


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=400), st.sampled_from(list(FILES)))
def test_any_bytes_are_read_or_refused(data: bytes, name: str) -> None:
    contract, content = FILES[name]
    for tried in (data, content.encode()[:200] + data):
        try:
            for chunk in chunks(tried, contract):
                assert chunk.rows == len(chunk.lines) + len(chunk.broken)
        except ReadError as refused:
            assert contract.name in str(refused)
