"""Values as their reader writes them, in the language asked."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from babel.dates import format_date
from babel.numbers import format_currency, format_decimal, format_percent

from lake.semantic.answer import Column


def written(value: Any, column: Column, lang: str) -> str:
    """A value as its reader writes it, in its definition's pattern: 1 234,50 € in French, 1,234.50 € in English."""
    where = "en_GB" if lang == "en" else "fr_FR"
    if value is None:
        return "–"
    if isinstance(value, date):
        return _dated(value, column.grain, where)
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return str(value)
    pattern = column.format if column.kind == "metric" else ""
    if "%" in pattern or (not pattern and column.unit == "rate"):
        return str(format_percent(value, pattern or "#,##0.0 %", locale=where))
    if "¤" in pattern or (not pattern and column.unit == "eur"):
        return str(format_currency(value, "EUR", pattern or None, locale=where, currency_digits=not pattern))
    return str(format_decimal(value, pattern or "#,##0.##", locale=where))


def _dated(value: date, grain: str | None, where: str) -> str:
    pattern = {"month": "MMM y", "quarter": "QQQ y", "year": "y"}.get(grain or "", "dd/MM/y")
    return str(format_date(value, pattern, locale=where))
