"""Readers: a file of any of the trades' formats → rows of text with their line numbers. Nothing is typed here.

How to add a format: write `lake/readers/<format>.py` with `read(stream, contract, encoding) -> Iterator[Chunk]`
(and `header(stream, contract) -> list[str]`, by which files are recognised); contracts name it in `reading.format`.
"""

from __future__ import annotations

import codecs
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

import numpy as np
import pyarrow as pa

from lake.contracts import Contract
from lake.errors import ContractError, LakeError, ReadError
from lake.readers import columns
from lake.readers.chunk import Broken, Chunk
from lake.readers.stream import Stream
from lake.readers.text import TOO_LONG, one_byte

log = logging.getLogger(__name__)


def reader(format_name: str, contract: Contract) -> ModuleType:
    """The module that reads a format.

    Raises:
        ContractError: there is none.
    """
    module = _module(format_name)
    if module is None:
        raise ContractError(
            f"Contract '{contract.name}' has the format '{format_name}', which no reader reads.",
            remedy=f"Add lake/readers/{format_name}.py or correct reading.format in {contract.path.name}.",
        )
    return module


@lru_cache
def _module(format_name: str) -> ModuleType | None:
    name = f"lake.readers.{format_name}"
    if not format_name.isidentifier() or find_spec(name) is None:
        return None
    module = import_module(name)
    return module if hasattr(module, "read") else None


def read(
    stream: Stream, contract: Contract, *, again: str | None = None, encoding: str | None = None
) -> Iterator[Chunk]:
    """The rows of one file, columns named by field; a field without a column is absent from the table.

    All rows of a file whose encoding the contract does not accept are broken rows. A contract that accepts one encoding
    of one byte a character accepts the country's others too: software changes them without a word.

    Args:
        stream: The file.
        contract: Of its source.
        again: The format, where it is not the contract's: originals of the quarantine read again.
        encoding: The encoding, where it is known; told by the bytes if the contract does not accept it (any more).

    Raises:
        ReadError: the file as a whole can't be read; no row of it was given.
    """
    if encoding is not None and not _accepts(contract, encoding):
        encoding = None
    # Originals that are kept in another format than their file's are UTF-8, whatever the contract says of files.
    is_own = again in (None, contract.reading.format)
    for chunk in _to_the_end(
        reader(again or contract.reading.format, contract).read(stream, contract, encoding), stream
    ):
        if chunk.encoding is None or not is_own or _names(contract, chunk.encoding):
            yield _by_field(chunk, contract)
        elif _accepts(contract, chunk.encoding):
            remark = f"read as {chunk.encoding}, by what its text says: its contract names other encodings"
            yield _by_field(replace(chunk, remarks=(*chunk.remarks, remark)), contract)
        else:
            yield _refused(chunk, f"file: encoding {chunk.encoding} is not accepted")


@contextmanager
def reading(shown: str) -> Iterator[None]:
    """Whatever goes wrong while one file is read is that file's fault alone.

    Raises:
        ReadError: something went wrong that nobody foresaw.
    """
    try:
        yield
    except LakeError:
        raise
    except Exception as error:
        log.debug("read.failed file=%s", shown, exc_info=True)
        raise ReadError(
            f"{shown} can't be read ({type(error).__name__}).",
            remedy="Have it sent again, or save it in another format; `lake --debug` shows more.",
        ) from error


def _to_the_end(chunks: Iterator[Chunk], stream: Stream) -> Iterator[Chunk]:
    """The chunks of a file; what goes wrong after the first one ends the file there, as damage to it does."""
    has_begun = False
    while True:
        try:
            with reading("The file"):
                chunk = next(chunks, None)
        except ReadError as error:
            if not has_begun:
                raise
            stream.damage = f"unreadable from there: {error.what}"
            return
        if chunk is None:
            return
        has_begun = True
        yield chunk


def _names(contract: Contract, encoding: str) -> bool:
    return codecs.lookup(encoding).name in {codecs.lookup(e).name for e in contract.reading.encodings}


def _accepts(contract: Contract, encoding: str) -> bool:
    return _names(contract, encoding) or bool(one_byte([encoding]) and one_byte(contract.reading.encodings))


def _by_field(chunk: Chunk, contract: Contract) -> Chunk:
    match = columns.match(chunk.table.column_names, contract)
    arrays = [chunk.table.column(position) for position in match.found.values()]
    if not arrays:
        arrays, names = [pa.nulls(chunk.table.num_rows, pa.string())], [""]
    else:
        names = list(match.found)
    size = chunk.table.nbytes + chunk.size + sum(len(b.original) for b in chunk.broken)
    return replace(chunk, table=pa.Table.from_arrays(arrays, names=names), extra=match.extra, size=size)


def _refused(chunk: Chunk, why: str) -> Chunk:
    rows = tuple(Broken(int(line), chunk.original(i), why) for i, line in enumerate(chunk.lines))
    broken = tuple(b if b.reason == TOO_LONG else replace(b, reason=why) for b in chunk.broken)
    return replace(
        chunk,
        table=chunk.table.slice(0, 0),
        lines=np.empty(0, np.int64),
        broken=tuple(sorted((*rows, *broken), key=lambda b: b.line)),
        size=sum(len(b.original) for b in (*rows, *broken)),
    )
