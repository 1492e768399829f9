"""Encodings told by the bytes."""

from __future__ import annotations

import io

import pytest

from lake.readers.stream import Plain
from lake.readers.text import ENCODED_TWICE, TOO_LONG, blocks, detect

FRENCH = "Élève déçu à Nîmes; cœur; 12 €; où\n"


@pytest.mark.parametrize("encoding", ["cp1252", "iso-8859-15", "utf-8", "cp850", "mac_roman"])
@pytest.mark.parametrize("accepted", [["cp1252", "iso-8859-15", "utf-8"], ["utf-8"], ["iso-8859-15", "cp1252"]])
def test_an_encoding_is_told_by_the_text(encoding: str, accepted: list[str]) -> None:
    written = FRENCH.replace("€", "E") if encoding == "cp850" else FRENCH
    written = written.replace("œ", "oe") if encoding == "cp850" else written
    assert detect(written.encode(encoding), accepted) == encoding


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Optique du Cœur", "iso-8859-15"),
        ("Œuvre; 12", "iso-8859-15"),
        ("L'HAŸ-LES-ROSES", "iso-8859-15"),
        ("12,50 €", "iso-8859-15"),
        ("12€", "cp1252"),
        ("2½ heures", "cp1252"),
        ("1¼; ½ journée", "cp1252"),
        ("l´heure", "cp1252"),
        ("l’heure", "cp1252"),
        ("déjà 1\u00a0234", "cp850"),
        ("sœur", "mac_roman"),
        ("Élève à l'école", "mac_roman"),
    ],
)
def test_bytes_that_several_encodings_have_are_read_as_the_text_around_them_says(text: str, encoding: str) -> None:
    raw = f"Prénom;{text}\n" if encoding == "mac_roman" else f"{text}\n"
    chosen = detect(raw.encode(encoding), ["cp1252", "iso-8859-15", "utf-8"])
    assert raw.encode(encoding).decode(chosen) == raw


def test_what_comes_late_in_a_file_still_tells_its_encoding() -> None:
    data = "éé\n".encode("iso-8859-15") * 100 + "Cœur\n".encode("iso-8859-15")
    found = list(blocks(Plain(io.BytesIO(data)), ["cp1252", "utf-8"], size=100))
    assert found[-1].texts[-1] == "Cœur"


@pytest.mark.parametrize("text", ["Cœur", "déjà", "l’heure", "12 €", "N° 3"])
def test_text_that_was_encoded_twice_is_told(text: str) -> None:
    twice = text.encode().decode("cp1252", "replace").replace("\ufffd", "\u00a0").encode()
    assert next(blocks(Plain(io.BytesIO(twice)), ["utf-8"])).remarks == (ENCODED_TWICE,)
    assert next(blocks(Plain(io.BytesIO(text.encode())), ["utf-8"])).remarks == ()


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
