"""What the user gave — files, folders, globs, archives, `-` — as single delivered files.

A delivered file has a base name, by which its source is recognised and a second delivery is known for the same; a
member of an archive has its own. Compression is no part of the name.
"""

from __future__ import annotations

import glob
import os
import stat
import struct
import sys
import unicodedata
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from lake.errors import ReadError
from lake.readers import reading
from lake.readers.stream import DEFLATE, GZIP, Inflated, Plain, Stream

_LOCAL_HEADER = struct.Struct("<4s5H3I2H")
_LOCAL_MAGIC = b"PK\x03\x04"
_STORED, _DEFLATED = 0, 8

#: Flag of a member that only a password opens.
_LOCKED = 1

_REPACK = "Unpack it and land its files, or have it sent again."

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

    A path that means nothing, and what lies below one and can't be read, is a file whose `open` says why.
    """
    for path in paths:
        if path == "-":
            yield _stdin(*stdin) if stdin else _refused(path, path, "Stdin is not a file.", "Give the path of one.")
            continue
        # By own name, wherever it lies: of sources without an order of versions the last landed wins.
        yield from sorted(_found(path), key=lambda delivery: delivery.name)


def _found(path: str) -> Iterator[Delivery]:
    """The files that one path means."""
    if not path:
        remedy = "Name files, folders, globs, or '.' for this folder."
        yield _refused(path, path, "An empty path names no file.", remedy)
        return
    is_literal = os.path.lexists(path)  # Brackets may be of a pattern or of a name.
    found = [Path(path)] if is_literal else [Path(p) for p in sorted(glob.glob(path, recursive=True))]  # noqa: PTH207
    if not found:
        shown = in_print(path)
        yield _refused(shown, shown, f"There is no file '{shown}'.", "Check the path, or the pattern and its quotes.")
    for each in found:
        for file in _below(each):
            yield from _in_file(file)


def _below(given: Path) -> Iterator[Path]:
    """All files below a folder, in order, folders that links lead to included; or the file itself."""
    if not os.path.isdir(given):  # noqa: PTH112 (False also where one may not look)
        yield given
        return
    seen: set[Path] = set()
    unreadable: list[OSError] = []
    for folder, folders, files in os.walk(given, onerror=unreadable.append, followlinks=True):
        here = Path(folder).resolve()
        folders[:] = sorted(f for f in folders if here not in seen and not _is_noise(Path(f)))
        if here not in seen:
            yield from (Path(folder, file) for file in sorted(files) if not _is_noise(Path(file)))
        seen.add(here)
    yield from (Path(error.filename) for error in unreadable)


def _in_file(path: Path) -> Iterator[Delivery]:
    """One file, or the members of one archive."""
    name, shown = in_print(path.name), in_print(str(path))
    try:
        mode, size = path.stat().st_mode, path.stat().st_size
        if stat.S_ISDIR(mode):
            next(path.iterdir(), None)  # Says why it could not be looked through.
        elif not stat.S_ISREG(mode):
            remedy = "Pipe it: '-' with --source reads stdin."
            yield _refused(name, shown, f"{shown} is neither a file nor a folder.", remedy)
        elif path.suffix.lower() == ".zip":
            with reading(shown):
                found = list(_members(path))
            yield from found
        elif path.suffix.lower() == ".gz":
            yield Delivery(in_print(path.stem), shown, size, lambda: Inflated(_open(path, size), GZIP))
        else:
            yield Delivery(name, shown, size, lambda: Plain(_open(path, size)))
    except OSError as error:
        yield _refused(name, shown, *_why_not(shown, error))
    except ReadError as error:
        yield _refused(name, shown, error.what, error.remedy)


def _open(path: Path, size: int) -> BinaryIO:
    """A file that still has the size it was found with.

    Raises:
        ReadError: it has another, or can't be opened.
    """
    shown = in_print(str(path))
    try:
        file = path.open("rb")
    except OSError as error:
        what, remedy = _why_not(shown, error)
        raise ReadError(what, remedy=remedy) from error
    now = os.fstat(file.fileno()).st_size
    if now != size:
        file.close()
        what = f"{shown} is still being written: it had {size:,} bytes a moment ago and has {now:,} now."
        raise ReadError(what, remedy="Land it once it is whole.")
    return file


def _why_not(shown: str, error: OSError) -> tuple[str, str]:
    if isinstance(error, FileNotFoundError):
        return f"{shown} is gone, or a link to nothing.", "Land it again once it is there."
    return f"{shown} can't be read: {error.strerror}.", "Check that this user may read it, and its folder."


def in_print(name: str) -> str:
    """A file's name as it can be kept and shown: bytes that are no text, and what moves the cursor, are escaped."""
    return "".join(_ESCAPES.get(unicodedata.category(c), str)(c) for c in name)


def _escaped(character: str) -> str:
    (byte,) = character.encode("utf-8", "surrogateescape")[-1:]
    return f"\\x{byte:02x}" if "\udc80" <= character <= "\udcff" else character.encode("unicode_escape").decode()


_ESCAPES = dict.fromkeys(("Cc", "Cs", "Zl", "Zp"), _escaped)


def _is_noise(path: Path) -> bool:
    return any((part.startswith(".") and part != "..") or part in _NOISE for part in path.parts)


def _stdin(name: str, spool: BinaryIO) -> Delivery:
    if sys.stdin is None:
        return _refused(name, "-", "Stdin is closed.", "Pipe a file into it.")
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
    is_locked: bool


def _members(archive: Path) -> Iterator[Delivery]:
    shown = in_print(str(archive))
    size = archive.stat().st_size
    found, is_whole = _directory(archive)
    if not is_whole:
        yield _refused(in_print(archive.name), shown, f"{shown} has files that its directory does not name.", _REPACK)
    if not found:
        what = f"{shown} is no zip, or has no files."
        yield _refused(in_print(archive.name), shown, what, "Have it sent again.")
    for member in found:
        path = Path(member.name)
        if _is_noise(path):
            continue
        each, within = in_print(path.name), f"{shown}/{in_print(member.name)}"
        suffix = path.suffix.lower()
        if why := _why_no_member(member, suffix):
            yield _refused(each, within, f"{within} {why}.", "Unpack it and land its files.")
            continue
        name = in_print(path.stem) if suffix == ".gz" else each
        yield Delivery(name, within, member.length or 0, _opener(archive, size, member, suffix == ".gz"))


def _directory(archive: Path) -> tuple[list[_Member], bool]:
    """The members of a zip by its directory, or by their own headers where it has none; whether all are among them."""
    try:
        with zipfile.ZipFile(archive) as opened:
            infos = opened.infolist()
            # Zips put one behind the other: the last directory names its own members only.
            before = min((i.header_offset for i in infos), default=opened.start_dir)
            with archive.open("rb") as raw:
                is_whole = not before or _at(raw, 0, len(_LOCAL_MAGIC)) != _LOCAL_MAGIC
                is_whole &= _LOCAL_MAGIC not in _at(raw, opened.start_dir, -1)
            return [_member(i) for i in infos if not i.is_dir()], is_whole
    except OSError:
        raise
    except Exception:
        # Cut short: the directory at its end is missing or wrong, but each member has a header of its own.
        return _scan(archive)


def _member(info: zipfile.ZipInfo) -> _Member:
    is_locked = bool(info.flag_bits & _LOCKED)
    return _Member(info.filename, info.header_offset, info.compress_type, info.compress_size, info.CRC, is_locked)


def _why_no_member(member: _Member, suffix: str) -> str | None:
    if member.is_locked:
        return "is protected by a password"
    if member.method not in (_STORED, _DEFLATED):
        return f"is compressed in an unusual way (method {member.method})"
    return "is an archive in an archive" if suffix == ".zip" else None


def _refused(name: str, shown: str, what: str, remedy: str) -> Delivery:
    """What can't be landed, so that it is told of like any other file and does not stop the others."""

    def refuse() -> Stream:
        raise ReadError(what, remedy=remedy)

    return Delivery(name, shown, 0, refuse)


def _opener(archive: Path, size: int, member: _Member, is_gzip: bool) -> Callable[[], Stream]:
    def open_member() -> Stream:
        raw = _open(archive, size)
        packed = _at(raw, member.at, _LOCAL_HEADER.size) if member.at >= 0 else b""
        if len(packed) < _LOCAL_HEADER.size or packed[:4] != _LOCAL_MAGIC:
            raw.close()
            what = f"{in_print(str(archive))}/{in_print(member.name)} is not where the archive says."
            raise ReadError(what, remedy="Have it sent again.")
        header = _LOCAL_HEADER.unpack(packed)
        raw.seek(member.at + _LOCAL_HEADER.size + header[-2] + header[-1])
        stream: Stream
        if member.method == _DEFLATED:
            stream = Inflated(raw, DEFLATE, member.length, member.crc)
        else:
            stream = Plain(raw, member.length)
        return Inflated(stream, GZIP) if is_gzip else stream

    return open_member


def _scan(archive: Path) -> tuple[list[_Member], bool]:
    """Members of a zip that lost its directory, by their own headers; whether all are among them."""
    found: list[_Member] = []
    with archive.open("rb") as raw:
        at = 0
        while len(packed := _at(raw, at, _LOCAL_HEADER.size)) == _LOCAL_HEADER.size and packed[:4] == _LOCAL_MAGIC:
            _, _, flags, method, _, _, crc, length, _, name_length, extra_length = _LOCAL_HEADER.unpack(packed)
            name = _at(raw, at + _LOCAL_HEADER.size, name_length).decode(
                "utf-8" if flags & 0x800 else "cp437", "replace"
            )
            data = at + _LOCAL_HEADER.size + name_length + extra_length
            is_streamed = bool(flags & 8)
            is_locked = bool(flags & _LOCKED)
            found.append(
                _Member(name, at, method, None if is_streamed else length, None if is_streamed else crc, is_locked)
            )
            if is_streamed:
                # The length stands after the data only: where the next one begins is not known.
                return found, not _has_another(raw, data)
            at = data + length
    return found, True


def _has_another(raw: BinaryIO, at: int) -> bool:
    """Whether another member begins somewhere behind there."""
    raw.seek(at)
    tail = b""
    while data := raw.read(1 << 20):
        if _LOCAL_MAGIC in tail + data:
            return True
        tail = data[-3:]
    return False


def _at(raw: BinaryIO, at: int, size: int) -> bytes:
    raw.seek(at)
    return raw.read(size)
