"""Paths that mean nothing are refused by name, never passed over in silence."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lake.errors import ReadError
from lake.land.deliveries import deliveries


def test_an_empty_path_is_not_the_folder_one_is_in() -> None:
    with pytest.raises(ReadError, match="An empty path"):
        list(deliveries([""]))


def test_a_link_to_nothing_is_refused(tmp_path: Path) -> None:
    (tmp_path / "S01_devices.csv").symlink_to(tmp_path / "gone.csv")
    with pytest.raises(ReadError, match=r"S01_devices\.csv' is neither a file nor a folder"):
        list(deliveries([str(tmp_path / "S01_devices.csv")]))


def test_a_pipe_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(ReadError, match="pipe it: '-' with --source"):
        list(deliveries([str(tmp_path / "pipe.csv")]))


def test_an_empty_folder_has_no_files(tmp_path: Path) -> None:
    assert list(deliveries([str(tmp_path)])) == []
