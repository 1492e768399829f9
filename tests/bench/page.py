"""docs/benchmarks.md: its sections, each written by whoever measures it, and the machine that they are measured on."""

from __future__ import annotations

import platform
import re
from pathlib import Path

import psutil

from lake.settings import PROJECT

PAGE = PROJECT / "docs" / "benchmarks.md"

#: The machine's load in the five minutes before this run.
BEFORE = psutil.getloadavg()[1]


def write(text: str) -> None:
    """Put a section (from its heading on) in the page's place of the same heading, or at the end; the others stay."""
    before = PAGE.read_text("utf-8") if PAGE.exists() else ""
    sections = {_heading(part): part for part in re.split(r"(?m)^(?=##? )", before) if part}
    sections[_heading(text)] = text
    PAGE.write_text("\n".join(part.strip("\n") + "\n" for part in sections.values()), "utf-8")


def machine() -> str:
    memory = psutil.virtual_memory().total / 2**30
    return f"{_cpu()}, {psutil.cpu_count()} cores, {memory:.0f} GB, {platform.system()} {platform.machine()}"


def load() -> str:
    return f"{BEFORE:.1f} before, {psutil.getloadavg()[0]:.1f} at the end"


def caution() -> list[str]:
    """What a reader must know of a machine that had other things to do."""
    if (psutil.cpu_count() or 1) > BEFORE:
        return []
    return [
        "- **The machine was busy with other work when this run began.** Rates are below what it can do, and what",
        "  uses two cores at once suffers more than its reference, which uses one at a time.",
    ]


def _heading(text: str) -> str:
    return text.partition("\n")[0].strip()


def _cpu() -> str:
    for line in (
        Path("/proc/cpuinfo").read_text("ascii", "replace").splitlines() if Path("/proc/cpuinfo").exists() else ()
    ):
        if line.startswith("model name"):
            return " ".join(line.partition(":")[2].split())
    return platform.processor() or "unknown processor"
