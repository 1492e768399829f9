"""What became of delivered files. For every file: rows read = landed + unchanged + quarantined."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Literal

#: `landed`: its rows are in the lake or in quarantine. `known`: the same bytes under the same name were delivered
#: before. `refused`: it was not read at all. `waiting`: a person must confirm it first, nothing of it is visible.
Status = Literal["landed", "known", "refused", "waiting"]

#: `withdrawn` are no rows of the file: records that it is the whole of the scope of, and no longer holds.
Count = Literal["read", "landed", "unchanged", "quarantined", "withdrawn"]
COUNTS: tuple[Count, ...] = ("read", "landed", "unchanged", "quarantined", "withdrawn")


@dataclass
class FileReport:
    """One file.

    Attributes:
        file: As the user knows it.
        source: Its contract, None if no contract knows it.
        status: See `Status`.
        read, landed, unchanged, quarantined: Rows.
        withdrawn: Records that the file does not hold any more.
        reasons: Rows in quarantine by reason; a row can have several.
        rounded: Values of rows not in quarantine that were rounded, as the contract allows, by field.
        broke_at: The line or row where the file breaks off or is corrupt.
        why: Of a refusal or a break.
        missing: Optional columns that it does not have.
        extra: Columns that no field asks for; not stored.
        remarks: What is odd about its text, such as an encoding that its contract does not name.
    """

    file: str
    source: str | None = None
    status: Status = "landed"
    read: int = 0
    landed: int = 0
    unchanged: int = 0
    quarantined: int = 0
    withdrawn: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    rounded: Counter[str] = field(default_factory=Counter)
    broke_at: int | None = None
    why: str = ""
    missing: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Report:
    """All files of one `lake land`, in the order of landing. `broken` says which contracts can't be used, and why."""

    files: tuple[FileReport, ...]
    seconds: float
    broken: tuple[str, ...] = ()

    @property
    def refused(self) -> tuple[FileReport, ...]:
        return tuple(f for f in self.files if f.status == "refused")

    @property
    def waiting(self) -> tuple[FileReport, ...]:
        return tuple(f for f in self.files if f.status == "waiting")

    def total(self, what: Count) -> int:
        return sum(getattr(f, what) for f in self.files)

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "seconds": round(self.seconds, 3),
            **{what: self.total(what) for what in COUNTS},
            "broken_contracts": list(self.broken),
            "files": [{**vars(f), "reasons": dict(f.reasons), "rounded": dict(f.rounded)} for f in self.files],
        }
