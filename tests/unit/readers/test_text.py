"""Encodings told by the bytes."""

from __future__ import annotations

import io

import pytest

from lake.readers.stream import Plain
from lake.readers.text import TOO_LONG, blocks, detect

FRENCH = "Élève déçu à Nîmes; cœur; 12 €; où\n"


@pytest.mark.parametrize("encoding", ["cp1252", "iso-8859-15", "utf-8"])
def test_an_encoding_is_told_by_the_bytes(encoding: str) -> None:
    assert detect(FRENCH.encode(encoding), ["cp1252", "iso-8859-15", "utf-8"]) in (encoding, "cp1252")
    assert detect(FRENCH.encode(encoding), ["iso-8859-15", "cp1252"]) in (encoding, "iso-8859-15")


def test_cp850_is_told_from_iso_8859_15() -> None:
    assert detect("Élève à Nîmes\n".encode("cp850"), ["iso-8859-15", "cp850"]) == "cp850"
    assert detect("Élève à Nîmes\n".encode("iso-8859-15"), ["cp850", "iso-8859-15"]) == "iso-8859-15"


def test_one_bad_line_does_not_change_the_encoding_of_the_others() -> None:
    data = FRENCH.encode() * 5 + FRENCH.encode("cp1252")
    (block,) = blocks(Plain(io.BytesIO(data)), ["cp1252", "utf-8"])
    assert block.encoding == "utf-8"
    assert dict(block.spoiled) == {5: "file: bytes that are not utf-8"}
    assert block.texts[:5] == [FRENCH.rstrip("\n")] * 5


def test_an_encoding_is_decided_by_the_first_line_that_needs_one() -> None:
    data = b"plain\n" * 1000 + FRENCH.encode("cp1252")
    found = list(blocks(Plain(io.BytesIO(data)), ["utf-8", "cp1252"], size=100))
    assert found[0].encoding is None
    assert found[-1].encoding == "cp1252"
    assert found[-1].texts[-1] == FRENCH.rstrip("\n")


def test_the_bytes_of_a_line_are_kept_whatever_its_encoding() -> None:
    for encoding in ("utf-16-le", "cp1252", "utf-8"):
        data = FRENCH.encode(encoding)
        (block,) = blocks(Plain(io.BytesIO(data)), ["cp1252"], encoding)
        assert block.original(0) == data


def test_a_line_without_end_cannot_fill_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lake.readers.text._LONGEST", 1000)
    found = list(blocks(Plain(io.BytesIO(b"x" * 5000)), ["utf-8"], size=100))
    assert max(len(block.raw) for block in found) <= 1000
    assert sum(len(block.raw) for block in found) == 5000


def test_a_line_beyond_the_longest_is_kept_in_parts_of_its_own_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lake.readers.text._LONGEST", 1000)
    data = b"first\n" + b"x" * 2500 + b"\nthird\n"
    found = [
        (block.first + i, block.original(i), block.spoiled.get(i))
        for block in blocks(Plain(io.BytesIO(data)), ["utf-8"], size=100)
        for i in range(len(block))
    ]
    assert b"".join(original for _, original, _ in found) == data
    assert [(number, why) for number, _, why in found] == [(1, None), *[(2, TOO_LONG)] * 3, (3, None)]


def test_line_ends_around_a_bad_line_are_not_mistaken_for_one() -> None:
    data = "é\r".encode() + b"\xff\n" + "è\r".encode() * 3
    (block,) = blocks(Plain(io.BytesIO(data)), ["utf-8"])
    assert block.texts == ["é", "", "è", "è", "è"]
    assert [block.original(i) for i in range(2)] == ["é\r".encode(), b"\xff\n"]
