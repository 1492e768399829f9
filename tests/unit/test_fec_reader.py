"""The FEC as software really writes it: each variant gives the same rows."""

from __future__ import annotations

import io
import re
from decimal import Decimal
from typing import Any

import pytest
import shared
from hypothesis import given
from hypothesis import strategies as st

from lake.contracts import contract
from lake.errors import ReadError
from lake.readers import fec
from lake.readers.chunk import Broken, Chunk
from lake.readers.stream import Plain

FEC = contract("finance_entries")
# fmt: off
HEADER = [
    "JournalCode", "JournalLib", "EcritureNum", "EcritureDate", "CompteNum", "CompteLib", "CompAuxNum", "CompAuxLib",
    "PieceRef", "PieceDate", "EcritureLib", "Debit", "Credit", "EcritureLet", "DateLet", "ValidDate", "Montantdevise",
    "Idevise",
]
SALE = [
    "VE", "Ventes", "1", "20240131", "411000", "Clients", "", "", "F1", "20240131", 'Vente "été"', "120,00", "0,00",
    "", "", "20240201", "", "",
]
# fmt: on
INCOME = [*SALE[:4], "706000", "Prestations", *SALE[6:11], "0,00", "120,00", *SALE[13:]]


def file(*rows: list[str], header: list[str] = HEADER, separator: str = "\t", end: str = "\r\n") -> str:
    return "".join(separator.join(row) + end for row in [header, *rows])


def chunks(data: bytes, encoding: str | None = None) -> list[Chunk]:
    return list(fec.read(Plain(io.BytesIO(data)), FEC, encoding))


def rows(data: bytes) -> list[dict[str, Any]]:
    return [row for chunk in chunks(data) for row in chunk.table.to_pylist()]


def broken(data: bytes) -> list[Broken]:
    return [b for chunk in chunks(data) for b in chunk.broken]


def with_cells(row: list[str], **cells: str) -> list[str]:
    return [cells.get(name, value) for name, value in zip(HEADER, row, strict=True)]


PLAIN = rows(file(SALE, INCOME).encode())


def test_values_are_text_under_canonical_names_and_quotes_are_data() -> None:
    assert PLAIN[0]["EcritureLib"] == 'Vente "été"'
    assert (PLAIN[0]["Debit"], PLAIN[0]["Credit"], PLAIN[0]["CompAuxNum"]) == ("120,00", "0,00", None)
    assert list(PLAIN[0]) == [*fec.COLUMNS, fec.LAST]


def xml(*entries: list[list[str]], encoding: str = "utf-8", journal: str = "") -> bytes:
    """The law's XML form of entries of one journal: what is said once for it or for an entry stands there once."""
    parts = [
        f'<?xml version="1.0" encoding="{encoding}"?>\n<comptabilite><exercice><DateCloture>2024-12-31</DateCloture>'
    ]
    parts.append(f"<journal>{elements(entries[0][0], 'JournalCode', 'JournalLib')}{journal}")
    for lines in entries:
        own = (
            "EcritureNum",
            "EcritureDate",
            "EcritureLib",
            "PieceRef",
            "PieceDate",
            "EcritureLet",
            "DateLet",
            "ValidDate",
        )
        parts.append(f"<ecriture>{elements(lines[0], *own)}")
        for cells in lines:
            side = "Debit" if cells[HEADER.index("Credit")] == "0,00" else "Credit"
            own = ("CompteNum", "CompteLib", "CompAuxNum", "CompAuxLib", "Montantdevise", "Idevise", side)
            parts.append(f"<ligne>{elements(cells, *own)}</ligne>")
        parts.append("</ecriture>")
    return "\n".join([*parts, "</journal></exercice></comptabilite>\n"]).encode(encoding)


def elements(cells: list[str], *names: str) -> str:
    found = []
    for name in names:
        value = cells[HEADER.index(name)]
        if name in fec.DATES and value:
            value = f"{value[:4]}-{value[4:6]}-{value[6:]}"
        if value:
            value = value.replace(",", ".") if name in fec.AMOUNTS else value.replace("&", "&amp;").replace("<", "&lt;")
            found.append(f"<{name}>{value}</{name}>")
    return "".join(found)


LETTERED = with_cells(
    SALE, EcritureNum="2", Debit="1234567,80", EcritureLib="Vente & <fin>", EcritureLet="AA", DateLet="20240301"
)
PAID = with_cells(
    INCOME, EcritureNum="2", Credit="1234567,80", EcritureLib="Vente & <fin>", EcritureLet="AA", DateLet="20240301"
)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "iso-8859-15", "utf-16", "windows-1252"])
def test_the_xml_form_gives_the_rows_of_the_text_form(encoding: str) -> None:
    data = xml([SALE, INCOME], [LETTERED, PAID], encoding=encoding).replace(b"utf-8-sig", b"utf-8")
    as_text = file(SALE, INCOME, LETTERED, PAID).encode()
    assert rows(data) == rows(as_text)
    assert [list(c.lines) for c in chunks(data)] == [[2, 3, 4, 5]]
    assert fec.header(Plain(io.BytesIO(data)), FEC) == list(fec.COLUMNS)
    assert rows(data + b"\x1a") == rows(as_text) or encoding == "utf-16"


def test_lines_of_the_xml_form_are_kept_as_lines_of_text() -> None:
    (chunk,) = chunks(xml([SALE, with_cells(INCOME, EcritureLib="a\tb\n c")]))
    again = chunk.head + b"".join(chunk.original(i) for i in range(2))
    assert [r["EcritureLib"] for r in rows(again)] == ['Vente "été"', 'Vente "été"']
    assert rows(again)[0] | {fec.LAST: None} == PLAIN[0]


def test_an_amount_or_a_day_of_the_xml_form_that_is_none_is_left_for_the_contract_to_refuse() -> None:
    data = xml([SALE]).replace(b"120.00", b"120;00").replace(b"<EcritureDate>2024-01-31", b"<EcritureDate>2024-13-31")
    (found,) = rows(data)
    assert (found["Debit"], found["EcritureDate"]) == ("120;00", "20241331")
    (found,) = rows(xml([SALE]).replace(b"120.00", b"1.2E2"))
    assert found["Debit"] == "120"


def test_a_cut_xml_form_gives_what_was_whole_and_has_no_last_line() -> None:
    data = xml([SALE, INCOME], [LETTERED, PAID])
    for spoiled in (
        data[: data.rindex(b"<Credit>")],
        data.replace(b"<CompteNum>706000</CompteNum>", b"<CompteNum>706000", 2),
    ):
        stream = Plain(io.BytesIO(spoiled))
        found = [r for chunk in fec.read(stream, FEC) for r in chunk.table.to_pylist()]
        assert [r["EcritureNum"] for r in found] in (["1", "1", "2"], ["1"])
        assert stream.damage is not None and stream.damage.startswith("no XML from line ")
        assert {r[fec.LAST] for r in found} == {None}


def test_what_follows_the_end_of_the_xml_form_is_told() -> None:
    stream = Plain(io.BytesIO(xml([SALE, INCOME]) * 2))
    found = [r for chunk in fec.read(stream, FEC) for r in chunk.table.to_pylist()]
    assert (len(found), stream.damage is not None) == (2, True)


def test_the_xml_form_has_montant_and_sens_as_the_text_form_does() -> None:
    data = xml([SALE, INCOME])
    for side, sign in ((b"Debit", b"D"), (b"Credit", b"-1")):
        data = data.replace(b"<%s>" % side, b"<Montant>")
        data = data.replace(b"</%s>" % side, b"</Montant><Sens>%s</Sens>" % sign)
    assert rows(data) == rows(xml([SALE, INCOME]))


def test_an_account_under_another_name_is_no_account_left_blank() -> None:
    data = xml([SALE, INCOME])
    with pytest.raises(ReadError, match=r"no CompteNum; it has NumeroCompte instead"):
        rows(data.replace(b"CompteNum", b"NumeroCompte"))
    left_out = re.sub(rb"<CompteNum>.*?</CompteNum>", b"", data)
    assert [row["CompteNum"] for row in rows(left_out)] == [None, None]


@pytest.mark.parametrize("encoding", [b"x-foo", b"gbk"])
def test_an_encoding_of_xml_that_is_not_known_is_named(encoding: bytes) -> None:
    with pytest.raises(ReadError, match="can't be decoded"):
        rows(xml([SALE]).replace(b'encoding="utf-8"', b'encoding="%s"' % encoding))


def test_a_second_fiscal_year_in_the_xml_form_is_refused() -> None:
    one = xml([SALE, INCOME])
    start, end = one.index(b"<exercice>"), one.index(b"</comptabilite>")
    with pytest.raises(ReadError, match="more than one fiscal year"):
        rows(one[:end] + one[start:end] + one[end:])


def test_xml_of_something_else_is_refused() -> None:
    with pytest.raises(ReadError, match="no FEC: it begins with <factures>"):
        rows(b'<?xml version="1.0"?><factures><facture>1</facture></factures>')


@pytest.mark.parametrize("separator", ["\t", "|"])
@pytest.mark.parametrize("end", ["\r", "\n", "\r\n", "\r\r\n"])
def test_separators_and_line_ends_make_no_difference(separator: str, end: str) -> None:
    data = file(SALE, INCOME, separator=separator, end=end).encode()
    assert rows(data) == PLAIN
    assert [list(c.lines) for c in chunks(data)] == [[2, 3]]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "iso-8859-15", "cp1252", "cp850"])
def test_encodings_are_told_apart(encoding: str) -> None:
    assert rows(file(SALE, INCOME).encode(encoding)) == PLAIN


def test_the_last_line_may_have_no_line_end_and_blank_lines_are_no_rows() -> None:
    data = (file(SALE) + "\r\n   \r\n" + file(INCOME).split("\r\n")[1] + "\x1a").encode()
    assert [r["Credit"].rstrip("\x1a") for r in rows(data)] == ["0,00", "120,00"]
    assert [list(c.lines) for c in chunks(data)] == [[2, 5]]


def test_the_header_tells_a_fec_from_another_file() -> None:
    assert fec.header(Plain(io.BytesIO(b"\r\n" + file(SALE).encode("utf-8-sig"))), FEC) == HEADER
    assert fec.header(Plain(io.BytesIO(b"Centre;Prix TTC\r\n")), FEC) == []
    assert fec.header(Plain(io.BytesIO(b"")), FEC) == []


def test_padding_zero_fill_nul_and_non_breaking_spaces_are_nothing() -> None:
    padded = [f"{cell}\u00a0 \0" if cell else "   " for cell in SALE]
    padded[11], padded[12] = "0000000120,00", "0000000000,00"
    assert rows(file(padded, INCOME).encode()) == PLAIN


def test_header_case_varies() -> None:
    header = [name.upper() if i % 2 else name.lower() for i, name in enumerate(HEADER)]
    assert rows(file(SALE, INCOME, header=header).encode()) == PLAIN


@pytest.mark.parametrize(("debit", "credit"), [("D", "C"), ("d", "c"), ("+1", "-1"), ("1", "-1")])
def test_amount_and_side_stand_for_debit_and_credit(debit: str, credit: str) -> None:
    header = [{"Debit": "Montant", "Credit": "Sens"}.get(name, name) for name in HEADER]
    sale, income = [*SALE[:11], "120,00", debit, *SALE[13:]], [*INCOME[:11], "120,00", credit, *INCOME[13:]]
    found = rows(file(sale, income, header=header).encode())
    assert [(r["Debit"], r["Credit"]) for r in found] == [("120,00", "0,00"), ("0,00", "120,00")]


def test_an_unknown_side_leaves_both_amounts_blank_for_the_contract_to_refuse() -> None:
    header = [{"Debit": "Montant", "Credit": "Sens"}.get(name, name) for name in HEADER]
    (row,) = rows(file([*SALE[:11], "120,00", "X", *SALE[13:]], header=header).encode())
    assert (row["Debit"], row["Credit"]) == (None, None)


@pytest.mark.parametrize("columns", [21, 22])
def test_cash_accounting_leaves_journal_and_account_blank_and_writes_credit_with_an_accent(columns: int) -> None:
    header = [{"Credit": "Crédit"}.get(name, name) for name in (*HEADER, *fec.COLUMNS[18:])][:columns]
    cells = with_cells(SALE, JournalCode="", JournalLib="", CompteNum="", CompteLib="")
    (row,) = rows(file([*cells, "20240215", "CB", "Vente", ""][:columns], header=header).encode("iso-8859-15"))
    assert (row["Debit"], row["Credit"], row["CompteNum"], row["NatOp"]) == ("120,00", "0,00", None, "Vente")
    assert not FEC.field("account").required and not FEC.field("journal_code").required


def test_an_amount_signed_after_it_is_lawful_and_one_with_a_thousands_separator_is_remarked() -> None:
    (lawful,) = chunks(file(with_cells(SALE, Debit="12,30-")).encode())
    assert (lawful.table["Debit"].to_pylist(), lawful.remarks) == (["-12,30"], ())
    for blank in (" ", "\u00a0", "\u202f"):
        (odd,) = chunks(file(with_cells(SALE, Debit=f"1{blank}234,50")).encode())
        assert odd.remarks == (fec.GROUPED,)


def test_columns_19_to_22_are_read_and_empty_ones_after_them_ignored() -> None:
    header = [*HEADER, "DateRglt", "ModeRglt", "NatOp", "IdClient", "", ""]
    (row,) = rows(file([*SALE, "20240215", "CB", "Vente", "", "", " "], header=header).encode())
    assert (row["DateRglt"], row["ModeRglt"], row["NatOp"], row["IdClient"]) == ("20240215", "CB", "Vente", None)


def test_a_line_may_have_empty_cells_that_the_header_has_not() -> None:
    assert rows(file([*SALE, "", ""], INCOME[:16]).encode()) == PLAIN


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("12,30-", "-12,30"),
        ("-12,30", "-12,30"),
        ("+12,30", "12,30"),
        ("0012,30+", "12,30"),
        ("-000,50", "-0,50"),
        ("0000", "0"),
    ],
)
def test_amounts_are_signed_before_or_after(written: str, read: str) -> None:
    assert rows(file(with_cells(SALE, Debit=written)).encode())[0]["Debit"] == read


def test_a_decimal_point_and_an_impossible_date_stay_for_the_contract_to_refuse() -> None:
    (row,) = rows(file(with_cells(SALE, Debit="12.30", EcritureDate="20240231")).encode())
    assert (row["Debit"], row["EcritureDate"]) == ("12.30", "20240231")


def test_dates_of_zeros_are_none() -> None:
    (row,) = rows(file(with_cells(SALE, DateLet="00000000", PieceDate="0")).encode())
    assert (row["DateLet"], row["PieceDate"]) == (None, None)


def test_one_blank_side_is_zero_and_two_stay_blank() -> None:
    found = rows(file(with_cells(SALE, Credit=""), with_cells(SALE, Debit="", Credit="")).encode())
    assert [(r["Debit"], r["Credit"]) for r in found] == [("120,00", "0,00"), (None, None)]


def test_a_line_of_too_many_or_too_few_columns_is_broken_and_loses_none_of_the_rest() -> None:
    data = file(SALE, [*SALE, "x"], SALE[:9], INCOME).encode()
    assert [(b.line, b.reason) for b in broken(data)] == [
        (3, "columns: 19 instead of 18"),
        (4, "columns: 9 instead of 18"),
    ]
    assert broken(data)[1].original == "\t".join(SALE[:9]).encode() + b"\r\n"
    assert rows(data) == PLAIN
    assert [list(c.lines) for c in chunks(data)] == [[2, 5]]


def test_a_stray_byte_in_a_utf8_file_breaks_its_line_only() -> None:
    lines = file(SALE, SALE, INCOME).encode().splitlines(keepends=True)
    lines[2] = lines[2].replace("é".encode(), b"\xe9")
    assert [b.line for b in broken(b"".join(lines))] == [3]
    assert rows(b"".join(lines)) == PLAIN


def test_the_last_row_of_a_whole_file_is_marked() -> None:
    assert [row[fec.LAST] for row in PLAIN] == [None, "Oui"]


def test_a_file_whose_last_line_is_broken_has_no_marked_row() -> None:
    assert [row[fec.LAST] for row in rows(file(SALE, INCOME, SALE[:9]).encode())] == [None, None]


def test_a_file_that_was_cut_has_no_marked_row() -> None:
    stream = Plain(io.BytesIO(file(SALE, INCOME).encode()), length=10_000)  # the zip said that there was more
    assert [chunk.table[fec.LAST].to_pylist() for chunk in fec.read(stream, FEC)] == [[None, None]]


def test_quarantined_lines_are_read_again_from_head_and_originals() -> None:
    (chunk,) = chunks(file(SALE, INCOME).encode("cp850"))
    again = chunks(chunk.head + chunk.original(1), chunk.encoding)
    assert [row for c in again for row in c.table.to_pylist()] == [{**PLAIN[1], fec.LAST: None}]


def test_rows_read_in_many_blocks_keep_their_line_numbers() -> None:
    data = file(*[SALE] * 60_000, INCOME).encode()
    found = chunks(data)
    assert len(found) > 1
    assert [n for c in found for n in c.lines] == list(range(2, 60_003))
    assert [row[fec.LAST] for row in rows(data)] == [None] * 60_000 + ["Oui"]


BODY = file(SALE, INCOME, SALE[:9], [*INCOME, "x"], SALE, end="\n").encode().split(b"\n", 1)[1]
HARM = st.tuples(
    st.integers(0, len(BODY)), st.integers(0, 30), st.binary(max_size=4).filter(lambda put: b"\0" not in put)
)


@given(st.lists(HARM, max_size=5))
def test_whatever_befalls_a_file_each_of_its_lines_is_a_row_or_broken(harms: list[tuple[int, int, bytes]]) -> None:
    body = BODY
    for at, cut, put in harms:
        body = body[:at] + put + body[at + cut :]
    head = b"\t".join(name.encode() for name in HEADER) + b"\n"
    blank = b"\t \x1a"
    lines = [n for n, line in enumerate(re.split(rb"\r*\n|\r", head + body), start=1) if line.strip(blank)]
    found = chunks(head + body)
    seen = [int(n) for c in found for n in (*c.lines, *(b.line for b in c.broken))]
    assert set(seen) <= set(lines[1:]) and len(seen) == len(set(seen))
    # A line of nothing but the non-breaking spaces of some encoding is blank, too.
    missed = set(lines[1:]) - set(seen)
    assert all(not re.split(rb"\r*\n|\r", head + body)[n - 1].strip(blank + b"\xa0\xc2\xff") for n in missed)


@pytest.mark.parametrize("data", [b"", b"\xef\xbb\xbf\r\n", b"Centre;Prix TTC\r\nA;1\r\n", b"JournalCode\tDebit\r\n"])
def test_a_file_without_the_header_of_a_fec_is_refused(data: bytes) -> None:
    with pytest.raises(ReadError, match="header"):
        chunks(data)


@pytest.mark.parametrize(
    ("name", "lines", "result"),
    [("0000000001FEC20220831.txt", 5422, "173208.48"), ("111111111FEC20221231.TXT", 934, "-1281.09")],
)
def test_real_files_are_read_whole(name: str, lines: int, result: str) -> None:
    data = (shared.data("fec") / name).read_bytes()
    found = rows(data)
    amounts = ((row["CompteNum"][0], row["Credit"], row["Debit"]) for row in found)
    total = sum(Decimal(c.replace(",", ".")) - Decimal(d.replace(",", ".")) for first, c, d in amounts if first in "67")
    assert (len(found), broken(data), total) == (lines, [], Decimal(result))
    assert any(pattern.match(name) for pattern in FEC.file_patterns)
