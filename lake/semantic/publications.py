"""Which published build answers which indicator. Pointers are read at every question: a publication shows at once."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from lake import builds
from lake.access import Scope
from lake.builds import Build
from lake.errors import QueryError, UnknownMetric
from lake.semantic.manifest import BuildGoneError, Manifest
from lake.settings import MARTS

_read: dict[tuple[str, str], Build] = {}
_lock = threading.Lock()


@dataclass(frozen=True)
class Source:
    """What answers a question: the builds that are read, and the manifest that says how."""

    manifest: Manifest
    builds: tuple[Build, ...]


def published() -> dict[str, Build]:
    """The published build of each line, and of the group, that has one."""
    found = {}
    for line in MARTS:
        build = _published(line)
        if build is not None:
            found[line] = build
    return found


def _published(line: str) -> Build | None:
    build_id = builds.published_id(line) or ""
    key = (str(builds.folder(line)), build_id)
    with _lock:
        known = _read.get(key)
    if known is None or builds.damage(known, quick=True):
        known = builds.published(line)
        if known is not None and known.id == build_id:
            with _lock:
                _read[key] = known
    if known is not None and not _says_what_was_sealed(known) and builds.distrust(known):
        return builds.published(line)
    return known


def _says_what_was_sealed(build: Build) -> bool:
    """Whether a build's definitions are those that it was made with: a look at its file tells nothing of its bytes."""
    try:
        digest = Manifest.read(build.semantic_manifest).digest
    except BuildGoneError:
        return False
    sealed = build.files.get(build.semantic_manifest.name)
    return sealed is None or sealed.sha256 == digest


def find(metrics: Sequence[str], scope: Scope, pinned: Sequence[Build] = ()) -> Source:
    """The builds and the manifest that answer for these indicators: the published ones, or those `pinned` of a line.

    Raises:
        UnknownMetric: no published build has it; with the nearest that the scope sees.
        AccessDenied: the scope doesn't see a line that it is computed from.
        QueryError: a line that it needs has nothing published, or the builds' definitions differ.
    """
    available = published() | {build.line: build for build in pinned}
    manifests = {line: Manifest.read(build.semantic_manifest) for line, build in available.items()}
    needed: set[str] = set()
    for metric in metrics:
        told = _manifest(metric, manifests, scope)
        scope.require("read", *sorted(told.lines(metric)))
        needed |= told.marts(metric)
    for line in sorted(needed):
        if line not in available and builds.pointer_fault(line):
            raise QueryError(
                f"What is published of line '{line}' is damaged or can't be read, and nothing before it is kept.",
                remedy=f"Run `lake run {line}`.",
            )
        if line not in available:
            raise QueryError(f"Line '{line}' has no published build.", remedy=f"Run `lake run {line}`.")
    # Every build holds the shared dimensions: what is asked of them alone is answered by the newest.
    chosen = [available[line] for line in sorted(needed)] or [max(available.values(), key=_age)]
    newest = max(chosen, key=_age)
    manifest = manifests[newest.line]
    if missing := [m for m in metrics if m not in manifest.metrics]:
        raise QueryError(
            f"The published builds of {', '.join(sorted(needed))} don't define '{missing[0]}' alike.",
            remedy=f"Bring them to the same code: `lake run {' '.join(sorted(needed))}`.",
        )
    return Source(manifest, tuple(chosen))


def _age(build: Build) -> datetime:
    return build.created_at


def _manifest(metric: str, manifests: Mapping[str, Manifest], scope: Scope) -> Manifest:
    """What defines a metric: its own line's build, or else the first that knows it."""
    knowing = {line: m for line, m in manifests.items() if metric in m.metrics}
    own = next((m for line, m in knowing.items() if line in m.marts(metric)), None)
    if own is not None:
        return own
    if knowing:
        return next(iter(knowing.values()))
    seen = {n for m in manifests.values() for n in m.metrics if all(scope.sees(line) for line in m.lines(n))}
    silent = [line for line in MARTS if line not in manifests and metric.startswith(f"{line}_")]
    unbuilt = f"Line '{silent[0]}' has no published build: run `lake run {silent[0]}`." if silent else ""
    raise UnknownMetric(metric, seen, remedy=unbuilt or "See `lake metrics`.")
