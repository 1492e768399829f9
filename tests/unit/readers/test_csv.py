"""CSV as it really arrives."""

from __future__ import annotations

import codecs
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lake.errors import ReadError
from lake.readers.csv import split
from tests.lab import HEADERS, broken, chunks, reading, row, rows, text

GOOD = rows(text(row()).encode("cp1252"))


def test_a_row_is_cut_by_header() -> None:
    (found,) = GOOD
    assert found["device_id"] == "D100"
    assert found["price_eur"] == "1 234,50"
    assert found["ear"] == "G"


@pytest.mark.parametrize("encoding", ["cp1252", "utf-8", "utf-8-sig"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\r\r\n"])
def test_encodings_and_line_ends_give_the_same_rows(encoding: str, end: str) -> None:
    assert rows(text(row(), end=end).encode(encoding)) == GOOD


def test_lines_are_numbered_as_an_editor_does() -> None:
    (chunk,) = chunks(text(row(1001), "", row(1002), ";;;;", row(1003)).encode())
    assert chunk.lines.tolist() == [2, 4, 6]


def test_the_last_line_needs_no_end() -> None:
    assert rows(text(row()).rstrip().encode("cp1252")) == GOOD


def test_columns_are_found_in_any_order_case_and_accents() -> None:
    headers = [f"  {h.upper().replace('É', 'E')} " for h in reversed(HEADERS)]
    line = ";".join(reversed(row().split(";")))
    assert rows(text(line, headers=headers).encode()) == GOOD


def test_an_alias_names_a_column() -> None:
    headers = ["Adhérent" if h == "N° adhérent" else h for h in HEADERS]
    assert rows(text(row(), headers=headers).encode()) == GOOD


def test_a_title_above_the_header_is_no_row() -> None:
    assert rows(("Export du 01/02/2024\n\n" + text(row())).encode()) == GOOD


def test_unknown_columns_are_reported_and_left_out() -> None:
    (chunk,) = chunks(text(row() + ";x", headers=[*HEADERS, "Couleur"]).encode())
    assert chunk.extra == ("Couleur",)
    assert chunk.table.to_pylist() == GOOD


@pytest.mark.parametrize("header_end", ["", ";", ";;"])
@pytest.mark.parametrize("row_end", ["", ";", ";;", "; ;"])
def test_trailing_separators_count_for_nothing(header_end: str, row_end: str) -> None:
    data = text(row() + row_end, headers=[*HEADERS[:-1], HEADERS[-1] + header_end])
    assert rows(data.encode()) == GOOD


def test_a_short_or_long_line_is_broken_alone() -> None:
    data = text(row(1001), "D1002;12", row(1003) + ";too;much", row(1004)).encode("cp1252")
    assert [r["device_id"] for r in rows(data)] == ["D1001", "D1004"]
    short, long = broken(data)
    assert (short.line, short.original, short.reason) == (3, b"D1002;12\r\n", "row: 2 columns instead of 11")
    assert (long.line, long.reason) == (4, "row: 13 columns instead of 11")


def test_quotes_protect_separators_and_line_ends() -> None:
    data = text(row(1001, comment='"a;b\r\nsaid ""hello"""'), row(1002)).encode()
    first, second = rows(data)
    assert first["comment"] == 'a;b\nsaid "hello"'
    assert second["device_id"] == "D1002"
    assert chunks(data)[0].lines.tolist() == [2, 4]
    assert chunks(data)[0].original(0).count(b"\r\n") == 2


def test_a_quote_within_a_value_is_a_character() -> None:
    assert rows(text(row(comment='écran 5"')).encode("cp1252"))[0]["comment"] == 'écran 5"'


def test_a_quote_that_never_closes_spoils_its_own_line_only() -> None:
    data = text(row(1001), row(1002, comment='"open'), row(1003), row(1004, comment='"again'), row(1005)).encode()
    assert [r["device_id"] for r in rows(data)] == ["D1001", "D1003", "D1005"]
    assert [(b.line, b.reason) for b in broken(data)] == [
        (3, "row: a quote that never closes"),
        (5, "row: a quote that never closes"),
    ]


@pytest.mark.parametrize("line", ['D1;x;"abc', '"', 'x";"y', 'D1;"a""b', '"x\ny";2'])
def test_a_file_of_open_quotes_is_cut_in_linear_time(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    cut = 0

    def counted(*arguments: Any, **options: Any) -> Any:
        nonlocal cut
        cut += 1
        return split(*arguments, **options)

    monkeypatch.setattr("lake.readers.csv.split", counted)
    found = chunks(text(row(1), *[line] * 5000, row(2)).encode())
    lines = 5000 * (1 + line.count("\n")) + 2
    assert sum(c.rows for c in found) == lines, "each line is a row by itself"
    assert [c.table["device_id"].to_pylist() for c in found if len(c.lines)] == [["D1", "D2"]]
    assert [int(n) for c in found for n in c.lines] == [2, lines + 1]
    assert [b.line for c in found for b in c.broken] == list(range(3, lines + 1))
    assert cut < 4 * lines


def test_a_quoted_value_may_be_longer_than_pythons_limit() -> None:
    (found,) = rows(text(row(1, comment=f'"{"x" * 200_000}"')).encode())
    assert found["comment"] == "x" * 200_000


def test_bytes_that_are_no_text_spoil_their_own_line_only() -> None:
    data = text(row(1001), row(1002, comment="é"), row(1003, comment="à")).encode("utf-8")
    data = data.replace(b"D1001", b"D1\xff01")
    assert [r["device_id"] for r in rows(data)] == ["D1002", "D1003"]
    (bad,) = broken(data)
    assert (bad.line, bad.reason) == (2, "file: bytes that are not utf-8")
    assert b"D1\xff01" in bad.original


def test_nul_is_a_blank() -> None:
    assert rows(text(row()).encode("cp1252").replace(b"D100", b"D100\0"))[0]["device_id"] == "D100 "


@pytest.mark.parametrize(
    ("mark", "encoding"), [(codecs.BOM_UTF16_LE, "utf-16-le"), (b"", "utf-16-le"), (b"", "utf-16-be")]
)
def test_an_encoding_that_the_contract_does_not_accept_loses_no_row(mark: bytes, encoding: str) -> None:
    data = mark + text(row(1001), row(1002)).encode(encoding)
    assert rows(data) == []
    assert [(b.line, b.reason) for b in broken(data)] == [
        (2, f"file: encoding {encoding} is not accepted"),
        (3, f"file: encoding {encoding} is not accepted"),
    ]
    accepting = reading(encodings=("cp1252", encoding))
    assert [r["device_id"] for r in rows(data, accepting)] == ["D1001", "D1002"]
    assert chunks(data, accepting)[0].original(1) == (row(1002) + "\r\n").encode(encoding)


def test_the_separator_is_the_one_of_the_contract_that_fits() -> None:
    contract = reading(separators=(";", "\t", "|"))
    assert rows(text(row()).replace(";", "|").encode(), contract) == GOOD
    assert rows(text(row()).replace(";", "\t").encode(), contract) == GOOD


def test_a_file_without_any_known_column_is_refused() -> None:
    with pytest.raises(ReadError, match="None of the columns of lab_devices"):
        chunks(b"a;b\n1;2\n")


def test_a_cut_file_says_at_which_line() -> None:
    data = text(row(1001), row(1002)).encode()[:-60]
    (chunk,) = chunks(data)
    assert [r["device_id"] for r in chunk.table.to_pylist()] == ["D1001"]
    assert chunk.cut_at == 3
    assert [b.line for b in chunk.broken] == [3]


def test_rows_do_not_depend_on_where_blocks_end(monkeypatch: pytest.MonkeyPatch) -> None:
    data = text(*(row(1000 + n, comment='"a\r\nb"' if n % 3 else "é") for n in range(50))).encode("utf-8")
    whole = rows(data)
    for size in (64, 97, 1000):
        monkeypatch.setattr("lake.readers.text.blocks.__kwdefaults__", {"size": size})
        assert rows(data) == whole
        assert [line for c in chunks(data) for line in c.lines.tolist()] == chunks_lines(data)


def chunks_lines(data: bytes) -> list[int]:
    lines, at = [], 2
    for line in range(50):
        lines.append(at)
        at += 2 if line % 3 else 1
    return lines


LINES = st.sampled_from(
    [row(1001), row(1002, comment='"a;b"'), row(1003, comment='"open'), 'x"y', "", ";;", "D1;2", "é;\r"]
)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(LINES, max_size=12), st.sampled_from(["\n", "\r\n", "\r"]), st.sampled_from(["cp1252", "utf-8", "utf-16"])
)
def test_every_line_that_is_not_blank_is_in_a_row_or_broken(lines: list[str], end: str, encoding: str) -> None:
    data = text(*lines, end=end).encode(encoding)
    read = chunks(data, reading(encodings=("cp1252", "utf-8", "utf-16-le")))
    originals = b"".join(c.original(i) for c in read for i in range(c.table.num_rows))
    originals += b"".join(b.original for c in read for b in c.broken)
    kept = originals.decode("utf-16-le" if encoding == "utf-16" else encoding)
    for line in lines:
        for part in line.split("\r"):
            assert not part.strip("; ") or part in kept


def test_a_whole_row_is_never_the_inside_of_a_quoted_field() -> None:
    # The lines together would be one row of the right width: the quote of the first would swallow the second.
    data = text(row(1001, comment='"never closed'), row(1002), row(1003, comment='end"')).encode()
    assert [r["device_id"] for r in rows(data)] == ["D1002", "D1003"]
    (lost,) = broken(data)
    assert (lost.line, lost.reason) == (2, "row: a quote that never closes")


def test_a_quoted_field_may_have_as_many_lines_as_a_record() -> None:
    def quoted(lines: int) -> bytes:
        comment = "\n".join(f"line {n}" for n in range(lines))
        return text(row(1001, comment=f'"{comment}"'), row(1002), end="\n").encode()

    (chunk,) = chunks(quoted(200))
    assert chunk.lines.tolist() == [2, 202]
    assert chunk.table["comment"][0].as_py().count("\n") == 199
    assert [r["device_id"] for r in rows(quoted(201))] == ["D1002"]
    assert (broken(quoted(201))[0].line, broken(quoted(201))[0].reason) == (2, "row: a quote that never closes")


def test_the_line_with_the_most_headers_is_the_header() -> None:
    # A title may hold the name of a column, or of two.
    assert rows(("Prix;Op\n" + text(row())).encode("cp1252")) == GOOD
    assert rows((text(row(), end="\n") + "Prix;Op\n").encode("cp1252")) == GOOD


def test_the_byte_that_ends_a_file_of_dos_loses_no_row_after_it() -> None:
    assert len(rows(text(row(1001), "\x1a" + row(1002), "\x1a\x1a").encode())) == 2
