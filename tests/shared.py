"""What lies beside the repository: small inputs that failed once (`cases/`), real files by others (`data/`)."""

from __future__ import annotations

from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared"


def case(name: str) -> Path:
    """The folder of one case, such as `12-fiscal-year-of-15-months`; the test is skipped where it is absent."""
    return _present(SHARED / "cases" / name)


def data(name: str) -> Path:
    """A file or folder of real data, such as `fec`; the test is skipped where it is absent."""
    return _present(SHARED / "data" / name)


def _present(path: Path) -> Path:
    if not path.exists():
        pytest.skip(f"{path.parent.name}/{path.name} is not beside this repository")
    return path
