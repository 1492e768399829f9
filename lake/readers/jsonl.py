"""JSON lines: one object a line; a line that is not one is set apart, the others are read."""

from __future__ import annotations

import json
from collections.abc import Iterator

import numpy as np

from lake.contracts import Contract
from lake.readers.chunk import Broken, Chunk
from lake.readers.objects import NO_TEXT, Rows
from lake.readers.stream import Stream
from lake.readers.text import blocks, mark_of


def read(stream: Stream, contract: Contract, encoding: str | None = None) -> Iterator[Chunk]:
    """Rows of a JSON lines file, block by block."""
    for block in blocks(stream, contract.reading.encodings, encoding):
        rows = Rows(contract)
        indices: list[int] = []
        broken = [Broken(block.first + i, block.original(i), why) for i, why in block.spoiled.items()]
        for index, text in enumerate(block.texts):
            if not text.strip() or index in block.spoiled:
                continue
            if rows.add(text):
                indices.append(index)
            else:
                broken.append(Broken(block.first + index, block.original(index), NO_TEXT))
        at = np.array(indices, np.int64)
        last = block.first + len(block) - 1
        is_cut = block.is_last and not block.raw.endswith((b"\n", b"\r")) and any(b.line == last for b in broken)
        yield Chunk(
            table=rows.table(),
            lines=at + block.first,
            original=lambda i, block=block, at=at: block.original(int(at[i])),  # type: ignore[misc]
            head=mark_of(block.encoding),
            broken=tuple(sorted(broken, key=lambda b: b.line)),
            encoding=block.encoding,
            remarks=block.remarks,
            size=len(block.raw),
            again="jsonl",
            cut_at=last if is_cut else None,
        )


def header(stream: Stream, contract: Contract) -> list[str]:
    """The keys of the first object."""
    for block in blocks(stream, contract.reading.encodings, size=1 << 16):
        for text in block.texts:
            try:
                first = json.loads(text)
            except ValueError:
                continue
            return list(first) if isinstance(first, dict) else []
    return []
