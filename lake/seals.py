"""Seals of files: what each was when it was written, so that what a disk or a person did to it since is noticed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path


@dataclass(frozen=True)
class Seal:
    """One file as it was written: its size in bytes, when it was last changed (ns since 1970), its SHA-256."""

    size: int
    changed_ns: int
    sha256: str

    def holds(self, path: Path) -> bool:
        """Whether the file is still what was written, by its content."""
        try:
            return path.stat().st_size == self.size and _sha256(path) == self.sha256
        except OSError:
            return False

    def seems_to_hold(self, path: Path) -> bool:
        """The same in microseconds: its content is read only if its time is another, as after a backup came back."""
        try:
            now = path.stat()
        except OSError:
            return False
        if now.st_size != self.size:
            return False
        return now.st_mtime_ns == self.changed_ns or _sha256_once(path, now.st_mtime_ns) == self.sha256


def seal(folder: Path, names: Iterable[str]) -> dict[str, Seal]:
    """The seals of those of a folder's files that are there, by name."""
    return {name: _seal(folder / name) for name in names if (folder / name).is_file()}


def broken(folder: Path, seals: Mapping[str, Seal], *, quick: bool = False) -> Path | None:
    """The first of a folder's files that is not what was sealed, if any.

    `quick` looks at sizes and times and reads nothing, unless a time is another: what a disk does to bytes is not seen.
    """
    for name, one in seals.items():
        if not (one.seems_to_hold if quick else one.holds)(folder / name):
            return folder / name
    return None


def _seal(path: Path) -> Seal:
    now = path.stat()
    return Seal(now.st_size, now.st_mtime_ns, _sha256(path))


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@lru_cache(maxsize=1024)
def _sha256_once(path: Path, changed_ns: int) -> str:
    try:
        return _sha256(path)
    except OSError:
        return ""
