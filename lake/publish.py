"""Publication: which build of a line its readers see.

Only a build whose checks all passed is published, by one atomic pointer move. The last `LAKE_BUILDS_KEPT` builds stay,
so going back is one pointer move too; it holds until a build passes that is another, or somebody publishes.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime

from lake import builds
from lake.builds import CORE, Build, Rollback
from lake.errors import PublishError
from lake.settings import MARTS, settings

log = logging.getLogger(__name__)

#: Why a build that is not `passed` can't be published, and what to do.
_UNFIT = {
    "built": ("was not checked", "Run `lake check {line}`."),
    "refused": ("was refused by its checks", "See `lake check {line}` and {folder}/docs/index.html."),
    "failed": ("failed", "See {folder}/dbt.log."),
}


def publish(line: str, build_id: str | None = None, *, by: str = "somebody", unattended: bool = False) -> Build:
    """Show a build to the readers of its line: the one named, else the newest.

    An earlier one than the newest that passed is a rollback. An `unattended` publication, that of a run, leaves what
    somebody rolled back from away, and what is made from the same. Returns the build that readers see.

    Raises:
        PublishError: there is none, or it did not pass; what was published stays.
        UnknownBuild: the line has none of that id.
        BuildError: it is damaged.
        LeaseHeld: another process publishes this line now.
    """
    with builds.alone(f"publish:{line}", wait_seconds=10):
        chosen = builds.build(line, build_id) if build_id else next(iter(builds.builds(line)), None)
        if chosen is None:
            raise PublishError(f"Line '{line}' has no build.", remedy=f"Run `lake build {line}`.")
        _require_fit(chosen)
        before = builds.rolled_back(line)
        if unattended and before and before.keeps_away(chosen):
            log.info("publish.held line=%s build=%s %s", line, chosen.id, before)
            if shown := builds.published(line):
                return shown
            raise PublishError(
                f"Line '{line}' was {before}, and the build that readers were sent back to is damaged or gone.",
                remedy=f"Choose another: `lake builds {line}`, then `lake publish {line} --build …`.",
            )
        _show(chosen, by, before)
        for stale in superseded(line):
            builds.remove(stale)
    for stale in superseded(CORE):
        builds.remove(stale)
    return chosen


def rollback(line: str, build_id: str | None = None, *, by: str = "somebody") -> Build:
    """Show an earlier build again: the one named, else the newest that passed before the published one.

    It holds: no run shows what was rolled back from until another build passes, or somebody publishes.

    Raises:
        PublishError: there is none, or it did not pass.
        UnknownBuild: the line has none of that id.
        BuildError: it is damaged.
    """
    with builds.alone(f"publish:{line}", wait_seconds=10):
        current = builds.published_id(line)
        if build_id:
            chosen = builds.build(line, build_id)
            _require_fit(chosen)
        else:
            earlier = (b for b in builds.builds(line) if b.status == "passed" and b.id < (current or ""))
            found = next((b for b in earlier if not builds.damage(b)), None)
            if found is None:
                raise PublishError(
                    f"Line '{line}' has no earlier build that passed.", remedy=f"See `lake builds {line}`."
                )
            chosen = found
        _show(chosen, by, builds.rolled_back(line))
    return chosen


def _show(chosen: Build, by: str, before: Rollback | None) -> None:
    """Move the pointer, unless it is there already; `before` is the rollback that held until now."""
    line, current = chosen.line, builds.published_id(chosen.line) or ""
    later = {b.id: b.fingerprint for b in builds.builds(line) if b.status == "passed" and b.id > chosen.id}
    if later and (chosen.id < current or before):
        if chosen.id != current:
            left = max(current, before.build if before else "")
            away = {**(before.builds if before else {}), **later}
            away.pop(chosen.id, None)
            builds.point(line, chosen.id, Rollback(left, by, datetime.now(UTC), away))
            log.info("publish.rollback line=%s build=%s from=%s by=%s", line, chosen.id, left, by)
    elif chosen.id != current or before:
        builds.point(line, chosen.id)
        log.info("publish.done line=%s build=%s", line, chosen.id)


def superseded(name: str) -> list[Build]:
    """The builds that are no longer kept.

    Kept are the published one, the newest `LAKE_BUILDS_KEPT` that passed (of the core: that were built, and those that
    kept builds of lines were made with), and what did not pass since the last of these, to look into.
    """
    known = builds.builds(name)
    kept = settings().builds_kept
    fit = [b for b in known if b.status == ("built" if name == CORE else "passed")][:kept]
    ids = {b.id for b in fit} | {builds.published_id(name)}
    if name == CORE:
        ids |= {b.core_id for line in MARTS for b in builds.builds(line)}
    ids |= {b.id for b in known if b.status in ("built", "refused", "failed") and (not fit or b.id > fit[0].id)}
    return [b for b in known if b.id not in ids]


def _require_fit(build: Build) -> None:
    if build.status == "passed":
        return builds.require_readable(build)
    what, remedy = _UNFIT[build.status]
    raise PublishError(
        f"Build {build.id} of '{build.line}' {what}: it is not published.",
        remedy=remedy.format(line=build.line, folder=build.folder),
    )
