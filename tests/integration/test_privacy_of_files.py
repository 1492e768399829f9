"""What the command writes on the machine is for its owner only."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path


def test_nobody_else_on_the_machine_can_read_the_lake(tmp_path: Path) -> None:
    data = tmp_path / "home" / "lake"
    data.parent.mkdir()
    lake = str(Path(sys.executable).with_name("lake"))
    subprocess.run([lake, "mirror", "group_structures"], env={**os.environ, "LAKE_DATA": str(data)}, check=True)
    made = [data, *data.rglob("*")]
    assert any(path.suffix == ".parquet" for path in made)
    readable = [p for p in made if not p.is_symlink() and stat.S_IMODE(p.stat().st_mode) & 0o077]
    assert not readable
