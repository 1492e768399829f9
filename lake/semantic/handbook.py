"""The handbook of indicators (`docs/indicators.md`): every definition in words, written from what is built."""

from __future__ import annotations

from collections.abc import Iterable

from lake.semantic.indicators import Indicator

_HEAD = """# Indicators

Written from the definitions by `lake metrics --format markdown`; a test holds it to them. An indicator has the same
value on every screen, in every export and on the command line, since all ask the same definition. Rates are 0–1, money
is in euros, a day is a day in Europe/Paris. **Bold** names are the headline indicators of their line.
"""

_GOOD = {"up": "up is good", "down": "down is good", "none": "neither up nor down is good"}


def handbook(indicators: Iterable[Indicator]) -> str:
    """The handbook in Markdown, by line, headlines first."""
    parts = [_HEAD]
    line = None
    for indicator in indicators:
        if indicator.line != line:
            line = indicator.line
            parts.append(f"## {line}\n")
        parts.append(_section(indicator))
    return "\n".join(parts)


def _section(indicator: Indicator) -> str:
    name = f"**`{indicator.name}`**" if indicator.headline else f"`{indicator.name}`"
    facts = [indicator.unit, _GOOD[indicator.direction], f"owner: {indicator.owner}"]
    if indicator.typical:
        low, high = (f"{bound:,.10g}" for bound in indicator.typical)
        facts.append(f"typical of a site in a {indicator.typical_in}: {low} to {high}")
    lines = [
        f"### {indicator.label_en} · {indicator.label_fr}",
        f"{name} · {' · '.join(facts)}",
        "",
        f"- {indicator.definition_en}",
        f"- {indicator.definition_fr}",
        f"- Formula: {indicator.formula_en}",
        f"- Formule : {indicator.formula_fr}",
        f"- Sources: {', '.join(indicator.sources)}",
        *([f"- Legal parameters: {', '.join(indicator.parameters)}"] if indicator.parameters else []),
        f"- Split by: {', '.join(indicator.dimensions)}",
    ]
    return "\n".join(lines) + "\n"
