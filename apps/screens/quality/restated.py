"""A restatement in the reader's words: one sentence, the cells with what changed them, the records, a file of each."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.csv as pa_csv

from apps.numbers import NOTHING, change, day, figure, month
from apps.screens.quality.reconciliation import exact
from apps.words import Language, say
from lake.semantic import Indicator, Restatement
from lake.store import WITHDRAWN_LINE

#: Kinds of cause, in the order in which they are said.
KINDS = ("new", "corrected", "deleted", "other")


def summary(told: Restatement, indicator: Indicator, language: Language) -> str:
    """What changed, in one sentence: how many cells, from what to what over all of them, by how many records."""
    said = [say("quality.changes.cells", language, n=len(told.cells), total=told.cell_count)]
    if told.total:
        before, after = told.total.before, told.total.after
        values = {"before": shown(before, indicator.unit, language), "after": shown(after, indicator.unit, language)}
        difference = changed(before, after, told.total.change, indicator.unit, language)
        said.append(say("quality.changes.total", language, change=difference, **values))
    counts = record_counts(told)
    named = [say(f"quality.changes.counts.{kind}", language, n=counts[kind]) for kind in KINDS if counts.get(kind)]
    return " · ".join([*said, *named])


def record_counts(told: Restatement) -> Mapping[str, int]:
    """Records by kind, each once, whichever parts of the indicator and cells it stands in. Of records that are not all
    listed, a part's are counted in each of their cells."""
    if told.records is not None and len(told.records) == told.record_count:
        listed = {(r["kind"], r["record"], r["file"], r["line"]) for r in told.records.to_pylist()}
        return {kind: sum(found == kind for found, *_ in listed) for kind in KINDS}
    by_part = [dict.fromkeys(KINDS, 0) for _ in told.parts]
    for row in told.causes.to_pylist():
        by_part[told.parts.index(row["part"])][row["kind"]] += row["records"]
    return {kind: max(counts[kind] for counts in by_part) for kind in KINDS}


def cells(told: Restatement, indicator: Indicator, language: Language, structure: Callable[[str], str]) -> pd.DataFrame:
    """The cells that differ: month, structure, before, after, difference; then what each kind of record changed in
    it, by how much where that adds up, or else how many."""
    adds_up = told.parts == told.adding_up == (told.metric,)
    by_cell: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row in told.causes.to_pylist():
        causes = by_cell.setdefault((row["metric_time"], row["structure"]), {})
        causes[row["kind"]] = causes.get(row["kind"], 0) + (row["change"] if adds_up else row["records"])
    kinds = [k for k in KINDS if any(k in causes for causes in by_cell.values())]

    def cause(causes: Mapping[str, Any], kind: str) -> str:
        if kind not in causes:
            return ""
        value = causes[kind]
        return signed(value, indicator.unit, language) if adds_up else figure(value, "count", language)

    unit = indicator.unit
    return pd.DataFrame(
        {
            "month": month(row["metric_time"], language) if row["metric_time"] else NOTHING,
            "structure": structure(row["structure"]) if row["structure"] else NOTHING,
            "before": shown(row["value_a"], unit, language),
            "after": shown(row["value_b"], unit, language),
            "difference": changed(row["value_a"], row["value_b"], row["change"], unit, language),
            **{k: cause(by_cell.get((row["metric_time"], row["structure"]), {}), k) for k in kinds},
        }
        for row in told.cells.to_pylist()
    )


def records(named: pa.Table, labels: Mapping[str, str], language: Language, most: int) -> pd.DataFrame:
    """Records for reading, the largest change first. What moved says from where to where; `labels` name indicators."""
    several = len(set(named.column("part").to_pylist())) > 1
    rows = []
    for row in named.slice(0, most).to_pylist():
        days = (row["day_a"] and day(row["day_a"], language), row["day_b"] and day(row["day_b"], language))
        is_withdrawn = row["kind"] == "deleted" and row["line"] == WITHDRAWN_LINE
        kind = "withdrawn" if is_withdrawn else row["kind"]
        rows.append(
            {
                "cause": say(f"quality.changes.kinds.{kind}", language),
                **({"part": labels.get(row["part"], row["part"])} if several else {}),
                "record": row["record"],
                "structure": moved(row["structure_a"], row["structure_b"]),
                "day": moved(*days),
                "before": shown(row["value_a"], None, language),
                "after": shown(row["value_b"], None, language),
                "source": row["source"] or NOTHING,
                "file": row["file_name"] or (NOTHING if row["file"] is None else str(row["file"])),
                "row": str(row["line"] or NOTHING),
            }
        )
    return pd.DataFrame(rows)


def moved(before: str | None, after: str | None) -> str:
    """`S01`, or `S01 → S02` for what is elsewhere in the newer build."""
    return " → ".join(dict.fromkeys(text for text in (before, after) if text)) or NOTHING


def differences(told: Restatement, language: Language) -> list[str]:
    """What else the two builds were made from that is not the same, in words."""
    return [
        say(f"quality.changes.difference.{d.kind}", language, name=d.name, before=d.before or 0, after=d.after or 0)
        for d in told.differences
    ]


def shown(value: Any, unit: str | None, language: Language) -> str:
    """A figure, money to the cent."""
    if not isinstance(value, Decimal):
        return figure(value, unit, language)
    return f"{exact(value, language)}\u00a0€" if unit == "eur" else exact(value, language)


def signed(value: Any, unit: str | None, language: Language) -> str:
    return f"+{shown(value, unit, language)}" if value and value > 0 else shown(value, unit, language)


def changed(before: Any, after: Any, difference: Any, unit: str | None, language: Language) -> str:
    """The difference; of rates in points."""
    if difference is None:
        return NOTHING
    if unit == "rate":
        return change(after, before, unit, language) or NOTHING
    return signed(difference, unit, language)


def export(table: pa.Table) -> bytes:
    """A CSV for machines: names, decimal points, ISO dates, nothing for what is empty."""
    out = io.BytesIO()
    pa_csv.write_csv(table, out, pa_csv.WriteOptions(quoting_style="needed"))
    return out.getvalue()
