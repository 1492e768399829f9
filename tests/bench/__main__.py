"""`make bench`: ratios against bare references, measured in one run, and written to docs/benchmarks.md.

Each measure runs in a process of its own, one after the other, against one MongoDB; its peak memory is that process's.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from lake.settings import PROJECT, settings
from lake.store import open_store
from tests.bench import measures, page
from tests.bench.measures import Took, Work


@dataclass(frozen=True)
class Measured(Took):
    """What a child measured, and its peak memory."""

    memory_mb: float


#: In this order. What stands more than once takes turns with its reference, and the best of each counts: what else the
#: machine does meanwhile only ever makes a measure slower.
ORDER = (
    "prepare",
    *("land_first", "insert_dicts", "insert_raw") * 2,
    "land_again",
    *("raw_cursor", "mirror_first", "pymongoarrow") * 3,
    *("python_dicts", "dlt_pipeline", "mirror_more"),
    "prepare_line",
    *("build", "bare_sql") * 2,
    *("query_first", "query_same", "questions") * 3,
)

#: Measure, reference, how they are compared (records a second, seconds, seconds for each), aim, aim in words.
RATIOS = (
    ("land_first", "insert_dicts", "rate", 0.6, "≥ 0.6×"),
    ("land_first", "insert_raw", "rate", None, ""),
    ("land_again", "insert_dicts", "rate", None, ""),
    ("mirror_first", "raw_cursor", "rate", 0.6, "≥ 0.6×"),
    ("mirror_first", "pymongoarrow", "rate", None, ""),
    ("mirror_first", "python_dicts", "rate", None, ""),
    ("mirror_first", "dlt_pipeline", "rate", 10, "≥ 10×"),
    ("mirror_more", "mirror_first", "time", 0.03, "≤ 0.03×"),
    ("build", "bare_sql", "time", None, ""),
    ("query_again", "query_by_hand", "each", 1.15, "≤ 1.15×"),
    ("query_again", "query_by_hand_unscoped", "each", None, ""),
    ("query_same", "query_by_hand", "each", None, ""),
)


def main() -> None:
    if sys.argv[1:2] == ["portal"]:
        from tests.bench import portal

        portal.main(sys.argv[2:])
        return
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=int(os.environ.get("RECORDS", "1000000")))
    parser.add_argument("--only", nargs="*", choices=sorted(set(ORDER)), help="only these measures")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help="keep files and data here (default: a temporary folder)")
    asked = parser.parse_args()
    if asked.child:
        _child(asked.child, Work(asked.folder, asked.records))
        return
    folder = asked.folder or Path(tempfile.mkdtemp(prefix="lake-bench-"))
    folder.mkdir(parents=True, exist_ok=True)
    try:
        found = _measure(folder, asked.records, [name for name in ORDER if name in (asked.only or ORDER)])
    finally:
        if not asked.folder:
            shutil.rmtree(folder, ignore_errors=True)
    text = _text(found, asked.records)
    print(text)
    if not asked.only:
        page.write(text)
        print(f"Written to {page.PAGE.relative_to(PROJECT)}.")


def _child(name: str, work: Work) -> None:
    took: Took | dict[str, Took] = getattr(measures, name)(work)
    peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) / 1024
    found = took if isinstance(took, dict) else {name: took}
    print(json.dumps({each: asdict(Measured(took.seconds, took.records, peak)) for each, took in found.items()}))


def _measure(folder: Path, records: int, names: Sequence[str]) -> dict[str, Measured]:
    """Run each measure in a child; the server stays up between them."""
    os.environ |= {"LAKE_DATA": str(folder / "lake"), "RUNTIME__DLTHUB_TELEMETRY": "false"}
    settings.cache_clear()
    found: dict[str, Measured] = {}
    with open_store():
        for name in names:
            print(f"{name} …", end="\r", flush=True)
            command = [sys.executable, "-m", "tests.bench", "--child", name, "--folder", str(folder)]
            ended = subprocess.run(
                [*command, "--records", str(records)], cwd=PROJECT, stdout=subprocess.PIPE, text=True, check=False
            )
            if ended.returncode:
                print(f"{name} failed: see above", flush=True)
                continue
            for each, took in json.loads(ended.stdout.splitlines()[-1]).items():
                one = Measured(**took)
                found[each] = min(found.get(each, one), one, key=lambda m: m.seconds)
                rate = one.records / one.seconds
                print(f"{each:22}{one.seconds:9.3f} s {rate:12,.0f} /s {one.memory_mb:7,.0f} MB", flush=True)
    return found


def _text(found: Mapping[str, Measured], records: int) -> str:
    """The page, in Markdown."""
    lines = [
        "# Benchmarks",
        "",
        "Written by `make bench` (`RECORDS=` for another size), as measured: each beside its reference, in one run,",
        "each in a process of its own, the ways to ask in one. What each name does is in `tests/bench/measures.py`.",
        "",
        f"- {datetime.now(UTC):%Y-%m-%d}, {records:,} records of about 410 bytes in MongoDB",
        f"- {page.machine()}; load {page.load()}",
        f"- Python {platform.python_version()}, MongoDB 6.0 (embedded, 1 GB cache), "
        + ", ".join(
            f"{name} {version(name)}" for name in ("pymongo", "pyarrow", "duckdb", "dbt-core", "metricflow", "dlt")
        ),
        *page.caution(),
        "",
        "| measure | against | ratio | aim | reached |",
        "|---|---|---:|---|---|",
    ]
    for measure, reference, kind, aim, text in RATIOS:
        if measure in found and reference in found:
            ratio = _ratio(found[measure], found[reference], kind)
            is_reached = "" if aim is None else "yes" if (ratio >= aim if kind == "rate" else ratio <= aim) else "no"
            lines.append(f"| {measure} | {reference} | {ratio:.3g}× {_KINDS[kind]} | {text} | {is_reached} |")
    lines += [
        "",
        "The best of each measure's turns:",
        "",
        "| measure | seconds | records | a second | peak memory, MB |",
        "|---|---:|---:|---:|---:|",
    ]
    for name, one in found.items():
        rate = one.records / one.seconds
        lines.append(f"| {name} | {one.seconds:,.3f} | {one.records:,} | {rate:,.0f} | {one.memory_mb:,.0f} |")
    lines += ["", "What each does:", ""]
    lines += [f"- `{name}`: {(getattr(measures, name).__doc__ or '').strip()}" for name in found]
    return "\n".join(lines) + "\n"


_KINDS = {"rate": "its rate", "time": "its time", "each": "its time"}


def _ratio(one: Took, other: Took, kind: str) -> float:
    if kind == "rate":
        return (one.records / one.seconds) / (other.records / other.seconds)
    if kind == "each":
        return (one.seconds / one.records) / (other.seconds / other.records)
    return one.seconds / other.seconds


if __name__ == "__main__":
    main()
