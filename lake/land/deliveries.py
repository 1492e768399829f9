"""What the user gave — files, folders, globs, archives, `-` — as single delivered files.

A delivered file has a base name, by which its source is recognised and a second delivery is known for the same; a
member of an archive has its own. Compression is no part of the name.
"""

from __future__ import annotations

import glob
import struct
import sys
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from lake.errors import ReadError
from lake.readers.stream import DEFLATE, GZIP, Inflated, Plain, Stream

_LOCAL_HEADER = struct.Struct("<4s5H3I2H")
_LOCAL_MAGIC = b"PK\x03\x04"
_STORED, _DEFLATED = 0, 8

#: Files that systems leave in folders and archives, and what the sample says about itself.
_NOISE = ("__MACOSX", "Thumbs.db", "desktop.ini", "truth.json")


@dataclass(frozen=True)
class Delivery:
    """One file to land.

    Attributes:
        name: Its base name, without `.gz`.
        shown: How the user knows it: its path, or `archive.zip/member`.
        size: In bytes as stored, for the progress bar.
        open: Gives its bytes from the start; may be called again. Raises ReadError where they can't be had at all.
    """

    name: str
    shown: str
    size: int
    open: Callable[[], Stream]


def deliveries(paths: Sequence[str], stdin: tuple[str, BinaryIO] | None = None) -> Iterator[Delivery]:
    """Every file that the paths mean, in order: folders with all below them, globs, members of zips.

    Args:
        paths: As the user gave them; `-` is stdin.
        stdin: The name that stdin goes by, and a file to keep it in, since a delivery is read more than once.

    Raises:
        ReadError: a path means nothing.
    """
    for path in paths:
        if path == "-":
            if stdin is None:
                raise ReadError("Stdin is not a file.", remedy="Give the path of one.")
            yield _stdin(*stdin)
            continue
        meant = (d for file in _files(path) for d in (_members(file) if _is_zip(file) else [_single(file)]))
        # By own name, wherever it lies: of sources without an order of versions the last landed wins.
        yield from sorted(meant, key=lambda delivery: delivery.name)


def _files(path: str) -> list[Path]:
    if not path:
        raise ReadError("An empty path names no file.", remedy="Name files, folders, globs, or '.' for this folder.")
    given = Path(path)
    found = [given] if given.exists() else [Path(p) for p in sorted(glob.glob(path, recursive=True))]  # noqa: PTH207
    if not found:
        raise ReadError(f"There is no file '{path}'.", remedy="Check the path, or the pattern and its quotes.")
    if special := [each for each in found if not each.is_file() and not each.is_dir()]:
        raise ReadError(
            f"'{special[0]}' is neither a file nor a folder.",
            remedy="Mend the link, or pipe it: '-' with --source reads stdin.",
        )
    return [file for each in found for file in ([each] if each.is_file() else _below(each))]


def _below(folder: Path) -> list[Path]:
    return sorted(p for p in folder.rglob("*") if p.is_file() and not _is_noise(p.relative_to(folder)))


def _is_zip(path: Path) -> bool:
    return path.suffix.lower() == ".zip"


def _is_noise(path: Path) -> bool:
    return any(part.startswith(".") or part in _NOISE for part in path.parts)


def _single(path: Path) -> Delivery:
    if path.suffix.lower() == ".gz":
        return Delivery(path.stem, str(path), path.stat().st_size, lambda: Inflated(path.open("rb"), GZIP))
    return Delivery(path.name, str(path), path.stat().st_size, lambda: Plain(path.open("rb")))


def _stdin(name: str, spool: BinaryIO) -> Delivery:
    while piece := sys.stdin.buffer.read(1 << 20):
        spool.write(piece)

    def open_again() -> Stream:
        spool.seek(0)
        return Plain(_Kept(spool))

    return Delivery(name, "-", spool.tell(), open_again)


@dataclass(frozen=True)
class _Kept:
    """A file that its reader does not close."""

    file: BinaryIO

    def read(self, size: int = -1, /) -> bytes:
        return self.file.read(size)

    def close(self) -> None:
        return


@dataclass(frozen=True)
class _Member:
    """Where a member's bytes are in its zip. `length` is None where only the data itself says where it ends."""

    name: str
    at: int
    method: int
    length: int | None
    crc: int | None


def _members(archive: Path) -> Iterator[Delivery]:
    try:
        with zipfile.ZipFile(archive) as opened:
            members = [i for i in opened.infolist() if not i.is_dir()]
    except zipfile.BadZipFile:
        # Cut short: the directory at its end is missing, but each member has a header of its own.
        found = list(_scan(archive))
    else:
        if any(i.flag_bits & 1 for i in members):
            yield _unreadable(archive, "is protected by a password", "Unpack it and land its files.")
            return
        found = [_Member(i.filename, i.header_offset, i.compress_type, i.compress_size, i.CRC) for i in members]
    if not found:
        yield _unreadable(archive, "is no zip, or has no files", "Have it sent again.")
    for member in found:
        path = Path(member.name)
        if _is_noise(path):
            continue
        name = path.stem if path.suffix.lower() == ".gz" else path.name
        yield Delivery(
            name, f"{archive}/{member.name}", member.length or 0, _opener(archive, member, path.suffix.lower() == ".gz")
        )


def _unreadable(archive: Path, what: str, remedy: str) -> Delivery:
    def refuse() -> Stream:
        raise ReadError(f"{archive} {what}.", remedy=remedy)

    return Delivery(archive.name, str(archive), archive.stat().st_size, refuse)


def _opener(archive: Path, member: _Member, is_gzip: bool) -> Callable[[], Stream]:
    def open_member() -> Stream:
        if member.method not in (_STORED, _DEFLATED):
            raise ReadError(
                f"{archive}/{member.name} is compressed in an unusual way (method {member.method}).",
                remedy="Unpack the archive and land its files.",
            )
        raw = archive.open("rb")
        raw.seek(member.at)
        header = _LOCAL_HEADER.unpack(raw.read(_LOCAL_HEADER.size))
        raw.seek(member.at + _LOCAL_HEADER.size + header[-2] + header[-1])
        stream: Stream
        if member.method == _DEFLATED:
            stream = Inflated(raw, DEFLATE, member.length, member.crc)
        else:
            stream = Plain(raw, member.length)
        return Inflated(stream, GZIP) if is_gzip else stream

    return open_member


def _scan(archive: Path) -> Iterator[_Member]:
    """Members of a zip that lost its directory, by their own headers."""
    with archive.open("rb") as raw:
        at = 0
        while len(packed := _at(raw, at, _LOCAL_HEADER.size)) == _LOCAL_HEADER.size and packed[:4] == _LOCAL_MAGIC:
            _, _, flags, method, _, _, crc, length, _, name_length, extra_length = _LOCAL_HEADER.unpack(packed)
            name = _at(raw, at + _LOCAL_HEADER.size, name_length).decode(
                "utf-8" if flags & 0x800 else "cp437", "replace"
            )
            data = at + _LOCAL_HEADER.size + name_length + extra_length
            is_streamed = bool(flags & 8)
            yield _Member(name, at, method, None if is_streamed else length, None if is_streamed else crc)
            if is_streamed:
                return  # The length stands after the data only; nothing is known of what follows.
            at = data + length


def _at(raw: BinaryIO, at: int, size: int) -> bytes:
    raw.seek(at)
    return raw.read(size)
