"""The semantic layer: the only way to an indicator's value, the same for screens, commands and exports.

    answer = semantic.query(["audio_revenue"], by=["site_commune"], grain="month", scope=scope)

A question on its way:

    question.py      what is asked
    ask.py           the builds that answer it, its answer
    figures.py       its checks, its plan, its figures; columns.py describes them, execution.py runs statements
    comparisons.py   with last year, the budget, peers, …: made of plain questions (asked.py, rows_by_key.py) on a sheet
                     (sheet.py, titles.py): references.py, running.py, benchmark.py; periods.py moves days, coverage.py
                     knows of which there are data
    publications.py  which published build answers for which indicator
    definitions.py   what the manifest in a build says
    manifest.py      MetricFlow, which plans on it
    names.py         names as people write them → what is meant
    filters.py       filters whose values never become part of a statement
    plan.py          the SQL of one shape of question, made once
    connection.py    the marts, open read-only; each question has a cursor that sees its scope
    cache.py         results kept by build, scope and statement
    answer.py        the figures, and what is needed to read and trust them
    written.py       a value as its reader writes it
    indicators.py    the catalogue of indicators
    dimensions.py    what they can be split and filtered by
    parameters.py    the legal parameters that they rest on
    rows.py          the atomic rows behind a figure; trace.py their statement
    explain.py       how an indicator is made, from the sources to the screens
    restatement.py   what changed in it between two builds: cells.py compares figures, changed.py records, origins.py
                     says where these came from, causes.py what they changed
"""

from __future__ import annotations

from lake.semantic.answer import Answer, Column, Note, Timings
from lake.semantic.ask import ask, query
from lake.semantic.dimensions import Dimension, dimensions
from lake.semantic.execution import close
from lake.semantic.explain import Explanation, Step, explain
from lake.semantic.filters import Filter
from lake.semantic.indicators import Indicator, grains, metrics
from lake.semantic.manifest import import_metricflow as prewarm
from lake.semantic.parameters import Parameter, doubt, parameters
from lake.semantic.question import Question
from lake.semantic.restatement import Restatement, restatement
from lake.semantic.rows import Rows, rows

__all__ = [
    "Answer",
    "Column",
    "Dimension",
    "Explanation",
    "Filter",
    "Indicator",
    "Note",
    "Parameter",
    "Question",
    "Restatement",
    "Rows",
    "Step",
    "Timings",
    "ask",
    "close",
    "dimensions",
    "doubt",
    "explain",
    "grains",
    "metrics",
    "parameters",
    "prewarm",
    "query",
    "restatement",
    "rows",
]
