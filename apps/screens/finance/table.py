"""The statement as a table: HTML with headers that screen readers can follow, figures as accountants write them.

Negative figures and unfavourable variances stand in parentheses; unfavourable ones are coloured, too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from html import escape

from babel.numbers import format_decimal

from apps.numbers import NOTHING, locale, per_cent, written
from apps.screens.finance.statement import Row
from apps.words import Language, say

#: A change that is bigger than this share says nothing: ten times the reference.
_MEANINGLESS = 10

#: What is unfavourable.
AGAINST = "#A8361B"

_STYLE = """
<style>
.statement { overflow-x: auto; }
.statement:focus-visible { outline: 2px solid #0B6E75; }
.statement table { border-collapse: collapse; width: 100%; font-size: 0.92rem; font-variant-numeric: tabular-nums; }
.statement th, .statement td { padding: 0.28rem 0.6rem; text-align: right; white-space: nowrap; border: 0; }
.statement tbody th { text-align: left; font-weight: 400; white-space: normal; width: 32%; min-width: 11rem;
  padding-left: 1.4rem;
  position: sticky; left: 0; background: #FFFFFF; }
.statement thead th { color: #4A5C62; font-weight: 600; border-bottom: 1px solid #B7C4C8; vertical-align: bottom; }
.statement thead tr:first-child th:first-child { text-align: left; position: sticky; left: 0; background: #FFFFFF; }
.statement thead tr:first-child th[colspan] { text-align: center; border-bottom: 1px solid #DCE4E6; }
.statement .apart { border-left: 1px solid #DCE4E6; }
.statement tr.heading th { font-weight: 600; color: #0B6E75; padding: 0.9rem 0.6rem 0.2rem; }
.statement tr.total th, .statement tr.total td { font-weight: 600; border-top: 1px solid #B7C4C8; }
.statement tr.total th { padding-left: 0.6rem; }
.statement tr.result th, .statement tr.result td { font-weight: 700; background: #EAF2F3;
  border-top: 1px solid #0B6E75; border-bottom: 1px solid #0B6E75; }
.statement tr.result th { padding-left: 0.6rem; }
.statement tr.result:last-child th, .statement tr.result:last-child td { border-bottom: 3px double #0B6E75; }
.statement.wide table { font-size: 0.85rem; }
.statement.wide th, .statement.wide td { padding: 0.28rem 0.27rem; }
.statement.wide tbody th { padding-left: 1rem; min-width: 11rem; }
.statement.wide thead th { white-space: normal; min-width: 3.2rem; }
.statement.wide thead th.place { min-width: 6rem; }
.statement.wide .block ~ .block { border-left: 2px solid #B7C4C8; }
.statement td.against { color: #A8361B; }
.statement td.reference { color: #4A5C62; }
.statement tbody tr td.none { color: #5B6770; font-weight: 400; font-style: italic; font-size: 0.85em; }
</style>
"""


def amount(value: Decimal | None, language: Language, *, thousands: bool) -> str:
    """Whole euros or thousands of euros; what is negative stands in parentheses."""
    return NOTHING if value is None else _whole(_rounded(value, thousands), language)


def _rounded(value: Decimal, thousands: bool) -> int:
    return round(value / 1000 if thousands else value)


def _whole(shown: int, language: Language) -> str:
    return format_decimal(shown, format="#,##0;(#,##0)", locale=locale(language)) if shown else "0"


def cents(value: Decimal | None, language: Language) -> str:
    """Euros and cents; what is negative stands in parentheses."""
    if value is None:
        return NOTHING
    number = written(abs(value), 2, language)
    return f"({number})" if value < 0 else number


def rate(value: Decimal | None, language: Language) -> str:
    """A share in per cent; one that says nothing is said to."""
    if value is None:
        return NOTHING
    if abs(value) >= _MEANINGLESS:
        return say("finance.table.meaningless", language)
    text = format_decimal(abs(value) * 100, format="#,##0.0", locale=locale(language)) + per_cent(language)
    return f"({text})" if value < 0 else text


@dataclass(frozen=True)
class Block:
    """The statement of one period. `period` and `before` name its columns of actual amounts and of last year's."""

    rows: Sequence[Row]
    period: str
    before: str


@dataclass(frozen=True)
class Place:
    """The actual amounts of one structure or site, by the key of their row."""

    name: str
    amounts: Mapping[str, Decimal | None]


def html(blocks: Sequence[Block], language: Language, *, thousands: bool) -> str:
    """Periods side by side, against the budget and last year. The last one, the longest, says which rows there are."""
    unit = say("finance.thousands", language) if thousands else "€"
    gap = f'<th scope="col">{unit}</th><th scope="col">%</th>'
    by_key = [{row.key: row for row in block.rows} for block in blocks]
    body = "".join(
        _row(row, language, len(blocks) * 7, "".join(_cells(b.get(row.key), language, thousands) for b in by_key))
        for row in blocks[-1].rows
    )
    heads = "".join(_titles(block, language, unit) for block in blocks)
    return _table(f"{heads}</tr><tr>{gap * 2 * len(blocks)}", body, language, is_wide=len(blocks) > 1)


def places(rows: Sequence[Row], found: Sequence[Place], language: Language, *, thousands: bool) -> str:
    """The actual amounts of all together, then of each place. `rows` are those of all together."""
    unit = say("finance.thousands", language) if thousands else "€"
    names = "".join(f'<th scope="col" class="apart place">{escape(place.name)}<br>{unit}</th>' for place in found)
    total = escape(say("finance.table.together", language))
    body = "".join(
        _row(
            row,
            language,
            len(found) + 1,
            f"<td><b>{amount(row.actual, language, thousands=thousands)}</b></td>"
            + "".join(
                f'<td class="apart">{amount(place.amounts.get(row.key), language, thousands=thousands)}</td>'
                for place in found
            ),
        )
        for row in rows
    )
    return _table(f'<th scope="col">{total}<br>{unit}</th>{names}', body, language, is_wide=True)


def _table(head: str, body: str, language: Language, *, is_wide: bool) -> str:
    caption, line = (escape(say(f"finance.table.{key}", language)) for key in ("caption", "line"))
    return f"""{_STYLE}
<div class="statement{" wide" if is_wide else ""}" role="region" tabindex="0" aria-label="{caption}">
<table>
<thead>
<tr><th scope="col" rowspan="2">{line}</th>{head}</tr>
</thead>
<tbody>{body}</tbody>
</table>
</div>"""


def _titles(block: Block, language: Language, unit: str) -> str:
    budget = escape(say("finance.table.budget", language))
    gaps = [escape(say(f"finance.table.gap.{key}", language)) for key in ("budget", "last_year")]
    return f"""<th scope="col" rowspan="2" class="block">{escape(block.period)}<br>{unit}</th>
<th scope="col" rowspan="2" class="apart">{budget}<br>{unit}</th>
<th scope="colgroup" colspan="2">{gaps[0]}</th>
<th scope="col" rowspan="2" class="apart">{escape(block.before)}<br>{unit}</th>
<th scope="colgroup" colspan="2">{gaps[1]}</th>"""


def _row(row: Row, language: Language, width: int, cells: str) -> str:
    label = row.line.label(language) if row.line else say(f"finance.row.{row.key}", language)
    if row.kind == "heading":
        return f'<tr class="heading"><th scope="rowgroup" colspan="{width + 1}">{escape(label)}</th></tr>'
    return f'<tr class="{row.kind}"><th scope="row">{escape(label)}</th>{cells}</tr>'


def _cells(row: Row | None, language: Language, thousands: bool) -> str:
    """The cells of one period; dashes where it has nothing."""
    if row is None:
        return f'<td class="block">{NOTHING}</td>' + f"<td>{NOTHING}</td>" * 6
    return (
        f'<td class="block">{amount(row.actual, language, thousands=thousands)}</td>'
        f'<td class="apart reference">{amount(row.budget, language, thousands=thousands)}</td>'
        f"{_variance(row, 'whole_budget' if row.unplanned else 'budget', language, thousands)}"
        f'<td class="apart reference">{amount(row.last_year, language, thousands=thousands)}</td>'
        f"{_variance(row, 'last_year', language, thousands)}"
    )


def _variance(row: Row, reference: str, language: Language, thousands: bool) -> str:
    """The two cells of a variance; without a reference, one that says which is missing. The first is the difference of
    the two amounts as they stand beside it, so that a reader who subtracts finds it."""
    variance, before = (row.to_last_year, row.last_year) if reference == "last_year" else (row.to_budget, row.budget)
    if variance.effect is None or before is None:
        return f'<td colspan="2" class="none">{escape(say(f"finance.table.none.{reference}", language))}</td>'
    more = _rounded(row.actual or Decimal(0), thousands) - _rounded(before, thousands)
    against = ' class="against"' if variance.effect < 0 else ""
    return (
        f"<td{against}>{_whole(-more if row.side == 'cost' else more, language)}</td>"
        f"<td{against}>{rate(variance.rate, language)}</td>"
    )
