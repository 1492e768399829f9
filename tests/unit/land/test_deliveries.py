"""Whatever a path means is told of by name, never passed over in silence, and nothing stops the other files."""

from __future__ import annotations

import gzip
import io
import os
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from lake.errors import ReadError
from lake.land.deliveries import deliveries, in_print

NAME = "S01_devices_2024.csv"


def refusals(*paths: str | Path) -> dict[str, str]:
    """Why each file can't be had, by the name the user knows it by; empty for those that can."""
    found = {}
    for delivery in deliveries([str(path) for path in paths]):
        try:
            delivery.open().close()
            found[delivery.shown] = ""
        except ReadError as error:
            found[delivery.shown] = str(error)
    return found


def test_an_empty_path_is_not_the_folder_one_is_in() -> None:
    assert refusals("")[""].startswith("An empty path names no file.")


def test_a_path_or_pattern_that_means_nothing_does_not_stop_the_others(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text("a")
    nowhere, pattern = str(tmp_path / "nowhere.csv"), str(tmp_path / "*.json")
    found = refusals(nowhere, pattern, tmp_path / NAME)
    assert found.pop(str(tmp_path / NAME)) == ""
    assert {shown: why.partition(" Check")[0] for shown, why in found.items()} == {
        nowhere: f"There is no file '{nowhere}'.",
        pattern: f"There is no file '{pattern}'.",
    }


@pytest.mark.parametrize("make", [lambda p: p.symlink_to("gone"), os.mkfifo, lambda p: p.symlink_to("/dev/zero")])
@pytest.mark.parametrize("is_named", [True, False])
def test_a_dead_link_a_pipe_and_a_device_are_refused_by_name(
    make: Callable[[Path], object], is_named: bool, tmp_path: Path
) -> None:
    make(tmp_path / NAME)
    (tmp_path / "other.csv").write_text("a")
    found = refusals(*sorted(tmp_path.iterdir()) if is_named else [tmp_path])
    assert found.pop(str(tmp_path / "other.csv")) == ""
    ((shown, why),) = found.items()
    assert shown == str(tmp_path / NAME)
    assert "is gone, or a link to nothing" in why or "is neither a file nor a folder" in why


def test_a_file_that_vanishes_or_grows_after_it_was_found_is_refused(tmp_path: Path) -> None:
    for name in ("gone.csv", "grows.csv", "grows.csv.gz", "stays.csv"):
        (tmp_path / name).write_bytes(gzip.compress(b"x"))
    found = list(deliveries([str(tmp_path)]))
    (tmp_path / "gone.csv").unlink()
    for name in ("grows.csv", "grows.csv.gz"):
        with (tmp_path / name).open("ab") as file:
            file.write(b"more")
    said = {}
    for delivery in found:
        try:
            delivery.open().close()
        except ReadError as error:
            said[Path(delivery.shown).name] = str(error)
    assert set(said) == {"gone.csv", "grows.csv", "grows.csv.gz"}
    assert "is gone" in said["gone.csv"]
    assert "is still being written: it had 21 bytes a moment ago and has 25 now." in said["grows.csv"]


def test_a_folder_that_may_not_be_looked_through_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "in" / "locked").mkdir(parents=True)
    (tmp_path / "in" / NAME).write_text("a")
    scandir, listdir = os.scandir, os.listdir

    def locked(path: Path | str) -> None:
        if Path(path).name == "locked":
            raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(os, "scandir", lambda path: locked(path) or scandir(path))
    monkeypatch.setattr(os, "listdir", lambda path: locked(path) or listdir(path))
    found = refusals(tmp_path / "in")
    assert found[str(tmp_path / "in" / NAME)] == ""
    assert "can't be read: Permission denied." in found[str(tmp_path / "in" / "locked")]


def test_links_to_folders_are_followed_and_circles_end(tmp_path: Path) -> None:
    (tmp_path / "share").mkdir()
    (tmp_path / "share" / NAME).write_text("a")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "link").symlink_to(tmp_path / "share")
    (tmp_path / "share" / "back").symlink_to(tmp_path / "in")
    assert refusals(tmp_path / "in") == {str(tmp_path / "in" / "link" / NAME): ""}


def test_what_systems_leave_is_no_file(tmp_path: Path) -> None:
    for name in (".hidden.csv", ".git/config", "__MACOSX/x.csv", "Thumbs.db"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert refusals(tmp_path) == {}


def test_members_that_cannot_be_had_do_not_stop_the_others(tmp_path: Path) -> None:
    archive = tmp_path / "in.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as made:
        for name in ("good.csv", "locked.csv", "inner.zip", "dir/inner.csv.gz"):
            made.writestr(name, b"x" * 100)
        made.writestr("odd.csv", b"x" * 100, zipfile.ZIP_BZIP2)
    data = bytearray(archive.read_bytes())
    for header, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):  # zipfile can't write a member with a password.
        at = data.find(header)
        while b"locked.csv" not in data[at : at + 60]:
            at = data.find(header, at + 1)
        data[at + flags] |= 1
    archive.write_bytes(data)
    found = {Path(shown).name: why for shown, why in refusals(archive).items()}
    assert (found.pop("good.csv"), found.pop("inner.csv.gz")) == ("", "")
    assert {name: why.partition(f"{name} ")[2] for name, why in found.items()} == {
        "locked.csv": "is protected by a password. Unpack it and land its files.",
        "inner.zip": "is an archive in an archive. Unpack it and land its files.",
        "odd.csv": "is compressed in an unusual way (method 12). Unpack it and land its files.",
    }


class _Streamed(io.RawIOBase):
    """A file that can't be gone back in: a member's length stands behind its data."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb")

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        return self._file.write(data)

    def close(self) -> None:
        self._file.close()
        super().close()


def zipped(path: Path, *names: str, is_streamed: bool = False) -> bytes:
    with _Streamed(path) if is_streamed else path.open("wb") as file, zipfile.ZipFile(file, "w") as made:
        for name in names:
            made.writestr(name, b"a;b\n" * 100)
    return path.read_bytes()


def test_files_of_an_archive_that_its_directory_does_not_name_are_told_of(tmp_path: Path) -> None:
    one, two = zipped(tmp_path / "1.zip", "one.csv"), zipped(tmp_path / "2.zip", "two.csv")
    streamed = zipped(tmp_path / "3.zip", "three.csv", "four.csv", is_streamed=True)
    alone = zipped(tmp_path / "4.zip", "five.csv", is_streamed=True)
    cut = streamed[: streamed.index(b"PK\x01\x02")]
    whole = {"alone.zip": alone[: alone.index(b"PK\x01\x02")], "commented.zip": one + b"\n"}
    for name, data in {"both.zip": one + two, "trailed.zip": two + one[:90], "cut.zip": cut, **whole}.items():
        (tmp_path / name).write_bytes(data)
        found = refusals(tmp_path / name)
        told = found.pop(str(tmp_path / name), "")
        assert ("has files that its directory does not name" in told) == (name not in whole)
        assert list(found.values()) == [""], "the others land"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        (b"S01_devices_2024.csv", "S01_devices_2024.csv"),
        ("été 👂 l'«oreille» [1].csv".encode(), "été 👂 l'«oreille» [1].csv"),
        (b"a\nb\x1b[31m.csv", "a\\nb\\x1b[31m.csv"),
        (b"ferm\xe9.csv", "ferm\\xe9.csv"),
    ],
)
def test_any_file_name_can_be_kept_and_shown(name: bytes, shown: str, tmp_path: Path) -> None:
    path = os.path.join(os.fsencode(tmp_path), name)  # noqa: PTH118 (bytes)
    with open(path, "wb"):  # noqa: PTH123
        pass
    for given in (tmp_path, os.fsdecode(path)):
        (delivery,) = deliveries([str(given)])
        assert delivery.name == shown
        assert delivery.shown == f"{tmp_path}/{shown}"
        delivery.open().close()
    assert in_print(shown) == shown


def test_what_inflates_beyond_measure_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lake.readers.stream._BOMB_BYTES", 1 << 20)
    (tmp_path / "bomb.csv.gz").write_bytes(gzip.compress(bytes(8 << 20)))
    (tmp_path / "dense.csv.gz").write_bytes(gzip.compress(os.urandom(2 << 20)))
    bomb, dense = deliveries([str(tmp_path)])
    with closing(bomb.open()) as stream, pytest.raises(ReadError, match="inflates to more than 500 times its size"):
        stream.read()
    with closing(dense.open()) as stream:
        assert len(stream.read()) == 2 << 20
