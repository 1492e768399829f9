"""The only door to the semantic layer. Answers are cached there, by build, scope and question; nothing is cached here,
so a new publication shows at the next rerun and two personas never share an answer."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any, Literal

import pandas as pd
import pyarrow as pa

from apps.session import Session
from apps.usage import recorder
from lake import builds, semantic
from lake.build import outdated
from lake.semantic import Answer, Filter, Indicator, Rows
from lake.settings import settings

#: Asks what pages ask at the same time, for all visitors: more at once would only wait for each other.
_pool = ThreadPoolExecutor(max_workers=8, thread_name_prefix="ask")


@dataclass(frozen=True)
class Question:
    """One question to the semantic layer, as `lake.semantic.query` takes it."""

    metrics: tuple[str, ...]
    by: tuple[str, ...] = ()
    where: tuple[Filter, ...] = ()
    since: date | None = None
    until: date | None = None
    grain: str | None = None
    order: tuple[str, ...] = ()
    limit: int | None = None
    compare: tuple[str, ...] = ()


@dataclass(frozen=True)
class LineState:
    """How far a line's figures can be trusted now. `failed` is a newer build that dbt or the checks refused, if any;
    `newer` one that passed and is not what readers see, because somebody went back, as `back` says; `behind` are the
    lines of which readers see other data than the group's figures are made from; `is_instead` says that `published`
    stands in for one that can't be used."""

    kind: Literal["none", "fresh", "stale"]
    published: builds.Build | None = None
    failed: builds.Build | None = None
    newer: builds.Build | None = None
    behind: tuple[str, ...] = ()
    is_instead: bool = False
    back: builds.Rollback | None = None

    @property
    def age(self) -> timedelta:
        as_of = self.published.as_of if self.published else None
        return datetime.now(UTC) - as_of if as_of else timedelta.max


def ask(session: Session, question: Question) -> Answer:
    """The answer, within the viewer's scope."""
    answer = semantic.query(
        list(question.metrics),
        by=question.by,
        where=question.where,
        since=question.since,
        until=question.until,
        grain=question.grain,
        order=question.order,
        limit=question.limit,
        compare=question.compare,
        scope=session.scope,
    )
    recorder.note(session, question.metrics)
    return answer


def ask_all(session: Session, questions: Sequence[Question]) -> list[Answer]:
    """The answers to several questions, asked at the same time."""
    if len(questions) < 2:
        return [ask(session, q) for q in questions]
    return list(_pool.map(partial(ask, session), questions))


def begin(session: Session, questions: Sequence[Question]) -> None:
    """Begin to ask what the page asks further down, which will wait for less then. An error shows there."""
    for question in questions:
        _pool.submit(ask, session, question)


def rows(session: Session, metric: str, question: Question, *, offset: int = 0, limit: int = 100) -> Rows:
    """A page of the atomic rows behind an indicator under the filters and in the period of a question. Needs the
    permission to drill."""
    return semantic.rows(
        metric,
        where=question.where,
        since=question.since,
        until=question.until,
        offset=offset,
        limit=limit,
        scope=session.scope,
    )


def frame(answer: Answer) -> pd.DataFrame:
    """The answer for charts and tables: decimals become floats, which only screens may do."""
    table: pa.Table = answer.table
    for i, field in enumerate(table.schema):
        if pa.types.is_decimal(field.type):
            table = table.set_column(i, field.name, table.column(i).cast(pa.float64()))
    return table.to_pandas()


def one(answer: Answer, metric: str) -> Any:
    """The single value of a question without dimensions; None when there are no rows."""
    values = answer.table.column(metric).to_pylist()
    value = values[0] if values else None
    return float(value) if isinstance(value, Decimal) else value


def indicators(session: Session, line: str) -> list[Indicator]:
    """The published indicators of a line that the viewer may see, headlines first; empty when none is published."""
    return semantic.metrics(line, scope=session.scope)


def headline(session: Session, line: str) -> list[Indicator]:
    return [i for i in indicators(session, line) if i.headline]


def state(line: str) -> LineState:
    """What screens say of a line before its figures."""
    published = builds.published(line)
    since = [b for b in builds.builds(line) if published is None or b.id > published.id]
    failed = since[0] if since and since[0].status in ("failed", "refused") else None
    if published is None:
        return LineState("none", failed=failed)
    is_instead = published.id != builds.published_id(line)
    back = None if is_instead else builds.rolled_back(line)
    newer = next((b for b in since if b.status == "passed"), None) if back else None
    limit = timedelta(hours=settings().stale_after_hours)
    is_stale = published.as_of is None or datetime.now(UTC) - published.as_of > limit
    kind: Literal["fresh", "stale"] = "stale" if is_stale else "fresh"
    return LineState(kind, published, failed, newer, outdated(published), is_instead, back)


def last_day(session: Session, metric: str) -> date | None:
    """The newest day, up to today, on which an indicator has a value in the viewer's scope; None without any."""
    today = datetime.now(UTC).date()
    newest = Question((metric,), grain="day", until=today, order=("-metric_time",), limit=1)
    days: list[date | None] = ask(session, newest).table.column("metric_time").to_pylist()
    return days[0] if days else None


def last_month_end(session: Session, published: builds.Build, metric: str) -> date | None:
    """The last day of the last complete month of an indicator; None when it has no value in the viewer's scope.

    The month of its newest value is complete when data still came in after its end.
    """
    today = datetime.now(UTC).date()
    newest = Question((metric,), grain="month", until=today, order=("-metric_time",), limit=1)
    months = [m for m in ask(session, newest).table.column("metric_time").to_pylist() if m]
    if not months:
        return None
    end = (months[0].replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
    as_of = published.as_of.date() if published.as_of else today
    return end if as_of > end else months[0].replace(day=1) - timedelta(days=1)
