"""A copy of the working tree: mutants are put into it, never into the checkout."""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path


def copied(checkout: Path, tree: Path) -> None:
    """The files that git knows or would add, as they are now; what is the same stays, with its compiled form."""
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    tree.mkdir(parents=True, exist_ok=True)
    names = subprocess.run(listed, cwd=checkout, capture_output=True, check=True, text=True).stdout.split("\0")
    wanted = {name for name in names if name and (checkout / name).is_file()}
    for path in [p for p in tree.rglob("*") if p.is_file() and "__pycache__" not in p.parts]:
        if str(path.relative_to(tree)) not in wanted:
            path.unlink()
    for name in wanted:
        source, target = checkout / name, tree / name
        if not target.exists() or target.read_bytes() != source.read_bytes():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
    subprocess.run([sys.executable, "-m", "compileall", "-q", "lake", "apps"], cwd=tree, check=True)
    beside = tree.parent / "shared"
    if (checkout.parent / "shared").is_dir() and not beside.exists():
        beside.symlink_to(checkout.parent / "shared")


#: Times of files with a fault, each another: no compiled form of one is taken for another's.
_moments = itertools.count(1)


@contextmanager
def faulty(tree: Path, path: str, text: str) -> Iterator[None]:
    """The tree with another text of one file. Its time is one that no compiled form was made of."""
    file = tree / path
    original, times = file.read_bytes(), file.stat()
    file.write_text(text, "utf-8")
    moment = next(_moments)
    os.utime(file, (moment, moment))
    try:
        yield
    finally:
        file.write_bytes(original)
        os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))


def environment(tree: Path, groups: Path) -> Mapping[str, str]:
    """Of the processes that run tests there: the code is the copy's, and the sample groups are its own."""
    return {**os.environ, "PYTHONPATH": str(tree), "LAKE_TEST_GROUPS": str(groups), "TZ": "UTC"}


def published_groups(tree: Path, groups: Path) -> None:
    """The sample group and the group of the trades' rules, landed, built, checked and published, if not there yet."""
    script = (
        "import sys; from pathlib import Path; sys.path.insert(0, 'tests'); sys.path.insert(0, 'tests/integration'); "
        "import group, test_trade_rules; groups = Path(sys.argv[1]); group.published(groups, 1); "
        "group.made_once(groups, 'trade-rules', test_trade_rules._make_small)"
    )
    groups.mkdir(exist_ok=True)
    subprocess.run([sys.executable, "-c", script, str(groups)], cwd=tree, env=environment(tree, groups), check=True)
