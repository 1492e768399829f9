"""A FEC (fichier des écritures comptables) → rows of text.

One header line, then one line of an accounting entry a line. What real files do, and this reader takes in its stride:
TAB or `|`, no quoting (a quote is data); any line end; a BOM, NUL, non-breaking spaces and padding; UTF-8, ISO-8859-15
or CP850; headers in any case; `Montant` and `Sens` in place of `Debit` and `Credit`; 18 to 22 columns and empty ones
after them; amounts filled with zeros, signed before or after (both are lawful); dates of zeros for none. Cash
accounting may leave journals and accounts blank and writes `Crédit`. A thousands separator is not lawful: it is read,
and remarked. The law's other form, XML, is read as the text that it stands for (`fec_xml`).

What is wrong stays visible: a line with too few or too many columns is broken, and an amount with a decimal point or an
impossible date is left as it is, for the contract's types to refuse.

Source: article A47 A-1 of the Livre des procédures fiscales.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lake.contracts import Contract
from lake.errors import ReadError
from lake.readers.chunk import Broken, Chunk
from lake.readers.fec_xml import TextForm, is_xml
from lake.readers.stream import Begun, Stream
from lake.readers.text import Block, blocks
from lake.text import fold

#: The columns in the order of the law, and after them those of cash accounting (19 to 22).
COLUMNS = (
    "JournalCode", "JournalLib", "EcritureNum", "EcritureDate", "CompteNum", "CompteLib", "CompAuxNum", "CompAuxLib",
    "PieceRef", "PieceDate", "EcritureLib", "Debit", "Credit", "EcritureLet", "DateLet", "ValidDate", "Montantdevise",
    "Idevise", "DateRglt", "ModeRglt", "NatOp", "IdClient",
)  # fmt: skip
REQUIRED = ("EcritureNum", "EcritureDate", "CompteNum", "CompteLib", "EcritureLib")
DATES = ("EcritureDate", "PieceDate", "DateLet", "ValidDate", "DateRglt")
AMOUNTS = ("Debit", "Credit", "Montant", "Montantdevise")

#: The reader's own column: `Oui` on the last line of a file that arrived whole. A header that names it already is that
#: of an excerpt (quarantined lines that are read again), of which no line is known to be the last.
LAST = "_last"

#: What a report says of amounts that the law wants without one.
GROUPED = "amounts have a thousands separator, which a FEC may not have"

#: Columns before which a line may end: software that trims trailing separators is common.
_MAY_BE_ABSENT = frozenset({"ValidDate", "Montantdevise", "Idevise", "DateRglt", "ModeRglt", "NatOp", "IdClient", LAST})
_KNOWN = {fold(c): c for c in (*COLUMNS, "Montant", "Sens", LAST)}
#: What a line that is no row is made of, besides separators.
_BLANK = " \t\xa0"
_NONE = pa.scalar(None, pa.string())


@dataclass(frozen=True)
class Header:
    """The first line. `columns` has canonical names, and an empty one for a column without a name."""

    separator: str
    columns: tuple[str, ...]
    head: bytes

    @property
    def named(self) -> int:
        """Number of columns up to the last named one."""
        return max(i for i, c in enumerate(self.columns) if c) + 1

    @property
    def least(self) -> int:
        """Number of columns that every line has."""
        return max(i for i, c in enumerate(self.columns) if c and c not in _MAY_BE_ABSENT) + 1


def read(stream: Stream, contract: Contract, encoding: str | None = None) -> Iterator[Chunk]:
    """The rows of one FEC, chunk by chunk.

    Raises:
        ReadError: the first line is not the header of a FEC.
    """
    first: Header | None = None
    held: Chunk | None = None
    text = _text_form(stream)
    for block in blocks(text, contract.reading.encodings, "utf-8" if isinstance(text, TextForm) else encoding):
        skipped = 0
        if first is None:
            at = _first_line(block)
            if at is None:
                continue
            first = _header(block, at, contract.reading.separators)
            skipped = at + 1
        chunk = _cut(block, skipped, first)
        if chunk.rows:
            if held is not None:
                yield held
            held = chunk
    if first is None:
        raise ReadError("The file is empty: a FEC has at least its header.", remedy="Ask for the file again.")
    if held is not None:
        is_whole = stream.damage is None and LAST not in first.columns
        yield _with_last(held) if is_whole else held


def header(stream: Stream, contract: Contract) -> list[str]:
    """The columns of a file, for recognising its source; none if it is not a FEC."""
    for block in blocks(_text_form(stream), contract.reading.encodings, size=1 << 16):
        at = _first_line(block)
        if at is None:
            continue
        try:
            return list(_header(block, at, contract.reading.separators).columns)
        except ReadError:
            return []
    return []


def _text_form(stream: Stream) -> Stream:
    head = stream.read(1 << 12)
    return TextForm(head, stream, COLUMNS, AMOUNTS) if is_xml(head) else Begun(head, stream)


def _first_line(block: Block) -> int | None:
    return next((i for i, line in enumerate(block.texts) if line.strip("\ufeff" + _BLANK)), None)


def _header(block: Block, at: int, separators: tuple[str, ...]) -> Header:
    line = block.texts[at].strip("\ufeff")
    separator = max(separators, key=line.count)
    names = [name.strip().strip('"') for name in line.split(separator)]
    columns = tuple(_KNOWN.get(fold(name), name) for name in names)
    missing = [c for c in REQUIRED if c not in columns]
    if not any(set(pair) <= set(columns) for pair in (("Debit", "Credit"), ("Montant", "Sens"))):
        missing.append("Debit and Credit (or Montant and Sens)")
    if missing:
        raise ReadError(
            f"The first line is not the header of a FEC: it has no {', '.join(missing)}.",
            remedy="Check that the file is the FEC and not another export.",
        )
    if twice := sorted({c for c in columns if c and columns.count(c) > 1}):
        raise ReadError(f"The header of the FEC names {', '.join(twice)} twice.", remedy="Ask for the file again.")
    own = () if LAST in columns else (LAST,)
    head = (separator.join((*columns, *own)) + "\r\n").encode("ascii", "ignore")
    return Header(separator, columns, head)


def _cut(block: Block, skipped: int, header: Header) -> Chunk:
    """Cut the lines of a block into columns, all of them at once."""
    lines = block.lines
    blank = header.separator + _BLANK
    filled = pc.not_equal(pc.utf8_trim(lines, blank), "").to_numpy(zero_copy_only=False)
    filled[:skipped] = False
    width = len(header.columns)
    found = pc.count_substring(lines, header.separator).to_numpy(zero_copy_only=False) + 1
    broken: list[Broken] = []
    padded = lines
    for index, reason in block.spoiled.items():
        filled[index] = False
        broken.append(Broken(block.first + index, block.original(index), reason))
    irregular = np.flatnonzero(filled & (found != width))
    if len(irregular):
        texts = list(block.texts)
        for index in irregular.tolist():
            cells = texts[index].split(header.separator)
            if len(cells) < header.least or any(cell.strip() for cell in cells[width:]):
                filled[index] = False
                reason = f"columns: {len(cells)} instead of {header.named}"
                broken.append(Broken(block.first + index, block.original(index), reason))
            texts[index] = header.separator.join((cells + [""] * width)[:width])
        padded = pa.array(texts, pa.string())
    kept = np.flatnonzero(filled)
    cells = pc.list_flatten(pc.split_pattern(padded.take(pa.array(kept)), header.separator))
    table = pa.table(
        {
            name: _trimmed(cells.take(pa.array(np.arange(i, len(cells), width))))
            for i, name in enumerate(header.columns)
            if name and name != LAST
        }
    )
    for name in (*COLUMNS[18:], LAST):
        if name not in table.column_names:
            table = table.append_column(name, pa.nulls(len(kept), pa.string()))
    grouped = (_is_grouped(table[name]) for name in AMOUNTS if name in table.column_names)
    return Chunk(
        table=_tidy(table),
        lines=kept.astype(np.int64) + block.first,
        original=_originals(block, kept.tolist()),
        head=header.head,
        broken=tuple(sorted(broken, key=lambda b: b.line)),
        encoding=block.encoding,
        remarks=(*block.remarks, *([GROUPED] if any(grouped) else [])),
        size=len(block.raw),
        again="fec",
    )


def _originals(block: Block, kept: list[int]) -> Callable[[int], bytes]:
    return lambda row: block.original(kept[row])


def _is_grouped(column: pa.ChunkedArray) -> bool:
    return bool(pc.any(pc.match_substring_regex(column, r"\d[\s\x{00A0}\x{202F}]\d")).as_py())


def _trimmed(column: pa.StringArray) -> pa.StringArray:
    column = pc.utf8_trim_whitespace(column)
    return pc.if_else(pc.equal(column, ""), _NONE, column)


def _tidy(table: pa.Table) -> pa.Table:
    """Dates of zeros to null, amounts to `-12,30`, and Debit and Credit where the file has Montant and Sens."""
    for name in set(DATES) & set(table.column_names):
        is_none = pc.match_substring_regex(table[name], "^0+$")
        table = _put(table, name, pc.if_else(is_none, _NONE, table[name]))
    for name in set(AMOUNTS) & set(table.column_names):
        table = _put(table, name, _amount(table[name]))
    if "Montant" in table.column_names:
        table = _from_side(table)
    # A side that is left blank is zero when the other one is filled; two blanks stay, for the contract to refuse.
    debit, credit = table["Debit"], table["Credit"]
    table = _put(table, "Debit", _zero_where(pc.and_(pc.is_null(debit), pc.is_valid(credit)), debit))
    return _put(table, "Credit", _zero_where(pc.and_(pc.is_null(credit), pc.is_valid(debit)), credit))


def _amount(column: pa.ChunkedArray) -> pa.ChunkedArray:
    for pattern, by in ((r"^([0-9,]+)\s*([+-])$", r"\2\1"), (r"^\+\s*", ""), (r"^(-?)\s*0+([0-9])", r"\1\2")):
        column = pc.replace_substring_regex(column, pattern, by)
    return column


def _from_side(table: pa.Table) -> pa.Table:
    """`Sens` is D or C, +1 or -1; with another one both sides stay blank."""
    side, amount = pc.utf8_upper(table["Sens"]), table["Montant"]
    for name, marks in (("Debit", ("D", "+1", "1")), ("Credit", ("C", "-1"))):
        table = table.append_column(name, pc.if_else(pc.is_in(side, pa.array(marks)), amount, _NONE))
    return table.drop_columns(["Montant", "Sens"])


def _zero_where(mask: pa.ChunkedArray, column: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.if_else(mask, pa.scalar("0,00"), column)


def _put(table: pa.Table, name: str, column: pa.ChunkedArray) -> pa.Table:
    return table.set_column(table.column_names.index(name), name, column)


def _with_last(chunk: Chunk) -> Chunk:
    """Mark the last row, unless a broken line comes after it."""
    rows = chunk.table.num_rows
    if not rows or any(b.line > chunk.lines[-1] for b in chunk.broken):
        return chunk
    mark = pa.array([None] * (rows - 1) + ["Oui"], pa.string())
    return replace(chunk, table=_put(chunk.table, LAST, mark))
