"""Everything that can go wrong, drawn as a tree.

    LakeError                    exit code 1
    ├── SettingsError            a setting is missing, malformed or unsafe          exit 2
    ├── UnknownName              a name the user gave is not known; carries the nearest known ones   exit 2
    │   ├── UnknownSource
    │   ├── UnknownMetric
    │   ├── UnknownDimension
    │   ├── UnknownParameter
    │   ├── UnknownLine
    │   ├── UnknownRole
    │   ├── UnknownSite
    │   ├── UnknownBuild
    │   └── UnknownView
    ├── ContractError            a contract file is not a valid ODCS v3 document, or not one we can drive
    ├── ReadError                a file cannot be opened or recognised at all (a bad *row* is never an error:
    │                            it goes to quarantine)
    ├── StoreError               MongoDB
    │   ├── StoreUnavailable     it does not answer or its disk is full: what passes          exit 69
    │   ├── StoreRefused         a right, a user, a password or a certificate is refused      exit 77
    │   └── LeaseHeld            somebody else holds the lease; carries who and since when    exit 75
    ├── MirrorError              the mirror disagrees with the lake
    │   └── ForeignOrigin        it was copied from another lake, or from another past of this one   exit 78
    ├── BuildError               dbt failed; carries the failed nodes
    ├── CheckFailed              a build failed an expectation or its reconciliation           exit 3
    ├── PublishError             nothing to publish, or the build did not pass
    ├── QueryError               a question the semantic layer cannot answer
    ├── AccessDenied             the policy does not allow it                              exit 77
    ├── PrototypeError           a card or a change of stage is not valid
    └── ViewError                a view can't be saved as asked

Each message says what happened, to which object, and what to do. The CLI shows one line; `--debug` the trace.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rapidfuzz import fuzz, process


class LakeError(Exception):
    """What happened, to which object, and what to do about it."""

    exit_code = 1

    def __init__(self, what: str, *, remedy: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.what} {self.remedy}".rstrip()

    def __reduce__(self) -> tuple[Any, ...]:
        """An error passes from one process to another whole, whatever its class is made from."""
        return _again, (type(self), self.args, vars(self))


def _again(kind: type[LakeError], args: tuple[Any, ...], attributes: dict[str, Any]) -> LakeError:
    error = kind.__new__(kind, *args)
    vars(error).update(attributes)
    return error


class SettingsError(LakeError):
    exit_code = 2


class UnknownName(LakeError):
    """A name is not known. `nearest` holds the known names that look like it, best first."""

    exit_code = 2
    kind = "name"

    def __init__(self, name: str, known: Iterable[str], *, remedy: str = "") -> None:
        self.name = name
        self.nearest = nearest(name, known)
        hint = f"Did you mean {', '.join(self.nearest)}?" if self.nearest else ""
        super().__init__(f"Unknown {self.kind} '{name}'.", remedy=" ".join(p for p in (hint, remedy) if p))


class UnknownSource(UnknownName):
    kind = "source"


class UnknownMetric(UnknownName):
    kind = "indicator"


class UnknownDimension(UnknownName):
    kind = "dimension"


class UnknownParameter(UnknownName):
    kind = "parameter"


class UnknownLine(UnknownName):
    kind = "line"


class UnknownRole(UnknownName):
    kind = "role"


class UnknownSite(UnknownName):
    kind = "site"


class UnknownBuild(UnknownName):
    kind = "build"


class UnknownView(UnknownName):
    kind = "view"


class ContractError(LakeError):
    pass


class ReadError(LakeError):
    pass


class StoreError(LakeError):
    pass


class StoreUnavailable(StoreError):
    exit_code = 69


class StoreRefused(StoreError):
    """Trying again does not help: somebody must grant or correct something."""

    exit_code = 77


class LeaseHeld(StoreError):
    """Somebody else is doing it now. `holder` says who, where and since when."""

    exit_code = 75

    def __init__(self, name: str, holder: str) -> None:
        self.name = name
        self.holder = holder
        super().__init__(f"'{name}' is held by {holder}.", remedy="Wait for it to end, or stop that process.")


class MirrorError(LakeError):
    pass


class ForeignOrigin(MirrorError):
    exit_code = 78


class BuildError(LakeError):
    """A build failed. `nodes` names the models and tests that did, each with dbt's message."""

    def __init__(self, what: str, *, nodes: Iterable[str] = (), remedy: str = "") -> None:
        super().__init__(what, remedy=remedy)
        self.nodes = tuple(nodes)


class CheckFailed(LakeError):
    exit_code = 3


class PublishError(LakeError):
    pass


class QueryError(LakeError):
    pass


class AccessDenied(LakeError):
    exit_code = 77


class PrototypeError(LakeError):
    pass


class ViewError(LakeError):
    pass


def nearest(name: str, known: Iterable[str], limit: int = 3) -> list[str]:
    """The known names that look like `name`, best first."""
    found = process.extract(name, list(known), scorer=fuzz.WRatio, limit=limit, score_cutoff=60)
    return [choice for choice, _, _ in found]
