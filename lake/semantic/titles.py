"""What the columns that comparisons add are called, after their indicator."""

from __future__ import annotations

#: (comparison, part) → French, English.
TITLES: dict[tuple[str, str], tuple[str, str]] = {
    ("previous_period", ""): ("période précédente", "previous period"),
    ("previous_period", "gap"): ("écart à la période précédente", "gap to the previous period"),
    ("previous_period", "change"): ("évolution sur la période précédente", "change on the previous period"),
    ("previous_year", ""): ("un an avant", "a year before"),
    ("previous_year", "gap"): ("écart à un an avant", "gap to a year before"),
    ("previous_year", "change"): ("évolution sur un an", "change on a year before"),
    ("budget", ""): ("budget", "budget"),
    ("budget", "gap"): ("écart au budget", "gap to the budget"),
    ("budget", "change"): ("écart au budget, en part", "gap to the budget, as a share"),
    ("year_to_date", ""): ("cumul annuel", "year to date"),
    ("month_to_date", ""): ("cumul mensuel", "month to date"),
    ("rolling_12_months", ""): ("douze mois glissants", "rolling twelve months"),
    ("index", ""): ("indice", "index"),
    ("share", ""): ("part du total", "share of the total"),
    ("rank", ""): ("rang", "rank"),
}
