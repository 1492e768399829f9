"""The yearly Filoué export of a nursery, for the family-benefit fund (Cnaf): one row per child and year.

Hours come from attendance, euros from invoices of the year's months of care, regime and fee from the child's last
contract. The sums are those of the marts, and the file lands again through the contract `childcare_filoue`.
For years of care from 2022 on it has the number of the nursery (IDEQU), which the form before does not know.
"""

from __future__ import annotations

import csv
import logging
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa

from lake.access import Scope
from lake.builds import Build
from lake.contracts import contract
from lake.errors import QueryError, UnknownSite
from lake.export.identities import Identity, read
from lake.readers.columns import from_columns
from lake.semantic import execution
from lake.semantic.ask import with_source
from lake.semantic.filters import Value
from lake.semantic.publications import Source
from lake.store import open_store
from lake.vault import compare_keys, vault

log = logging.getLogger(__name__)

_LINE = "childcare"

#: The column that the fund asks for since, and the first year of care.
_EQUIPMENT, _EQUIPMENT_SINCE = "IDEQU", 2022

#: What the builds must be able to answer, so that the export is made of what they are made of.
_METRICS = ("childcare_billed_hours", "childcare_attended_hours", "childcare_family_fees_eur")

_SITES = """
SELECT site_id FROM core.secured.core_sites WHERE line = 'childcare'
UNION SELECT site_id FROM childcare.secured.childcare_attendance
ORDER BY site_id
"""

_YEARS = """
SELECT DISTINCT year(attended_on) AS year
FROM childcare.secured.childcare_attendance WHERE site_id = $site ORDER BY year
"""

#: A child who is invoiced without a day of attendance (or the other way) has a row too: no hour and no euro is lost.
#: Regime and fee are those of the contract of the last day, or else of the child's last one.
_CHILDREN = """
WITH days AS (
    SELECT
        person_id,
        sum(billed_hours) AS billed_hours,
        sum(attended_hours) AS attended_hours,
        coalesce(min(attended_on) FILTER (attended_hours > 0), min(attended_on)) AS first_day_on,
        coalesce(max(attended_on) FILTER (attended_hours > 0), max(attended_on)) AS last_day_on,
        max_by(structure_id, attended_on) AS structure_id,
        max_by(contract_id, (attended_on, contract_id)) AS contract_id
    FROM childcare.secured.childcare_attendance
    WHERE site_id = $site AND year(attended_on) = $year
    GROUP BY person_id
),

bills AS (
    SELECT
        person_id,
        sum(amount_eur) AS amount_eur,
        min(care_month_on) AS first_day_on,
        max(care_month_on) AS last_day_on,
        max_by(structure_id, care_month_on) AS structure_id,
        max_by(contract_id, (care_month_on, contract_id)) AS contract_id
    FROM childcare.secured.childcare_invoices
    WHERE site_id = $site AND year(care_month_on) = $year
    GROUP BY person_id
),

children AS (
    SELECT
        person_id,
        coalesce(days.structure_id, bills.structure_id) AS structure_id,
        coalesce(days.contract_id, bills.contract_id) AS contract_id,
        coalesce(days.first_day_on, bills.first_day_on) AS first_day_on,
        coalesce(days.last_day_on, bills.last_day_on) AS last_day_on,
        coalesce(billed_hours, 0) AS billed_hours,
        coalesce(attended_hours, 0) AS attended_hours,
        coalesce(amount_eur, 0) AS amount_eur
    FROM days FULL JOIN bills USING (person_id)
)

SELECT
    person_id,
    children.structure_id,
    regime AS "REGIME",
    child_born_on AS "DATE_NAISSANCE_INDIVIDU",
    family_postcode AS "CODE_POSTAL_FAMILLE",
    upper(family_town) AS "VILLE_FAMILLE",
    billed_hours AS "NOMBRE_HEURES_FACTUREES",
    attended_hours AS "NOMBRE_HEURES_REALISEES",
    amount_eur AS "MONTANT_FACTURE",
    CAST(coalesce(hourly_fee_eur, amount_eur / nullif(billed_hours, 0), 0) AS DECIMAL(18, 4)) AS "MONTANT_HORAIRE",
    effort_rate AS "TAUX_EFFORT",
    first_day_on AS "PREMIERJOUR",
    last_day_on AS "DERNIERJOUR"
FROM children
LEFT JOIN childcare.secured.childcare_contracts AS terms USING (person_id)
QUALIFY row_number() OVER (
    PARTITION BY person_id
    ORDER BY terms.contract_id = children.contract_id DESC NULLS LAST, starts_on DESC, terms.contract_id DESC
) = 1
ORDER BY child_born_on, person_id
"""


@dataclass(frozen=True)
class Filoue:
    """An export. Grain of `table`: one child over the year, in the columns of the file, in its order.

    `identified` children have an identity of the nursery's file, `termless` ones no contract in the lake: their
    regime and birth date are empty, which the fund refuses.
    """

    structure_id: str
    site_id: str
    year: int
    table: pa.Table
    identified: int
    termless: int
    builds: tuple[Build, ...]

    @property
    def file_name(self) -> str:
        """By which landing recognises the file."""
        return f"{self.structure_id}_{self.site_id}_filoue_{self.year}.csv"


def export(site: str, year: int, *, scope: Scope, identities: Path | None = None) -> Filoue:
    """The children of a nursery over a year, as far as the scope sees them.

    A nursery that changed structure in the year is the last one's.

    Args:
        site: the nursery.
        year: the year of care.
        scope: whose rows; the role must be allowed to drill.
        identities: the nursery's own file of what the lake does not hold: see `identities.py`.

    Raises:
        UnknownSite: it is no nursery that the scope sees.
        AccessDenied: the role may not see single children.
        QueryError: nobody came to the nursery that year, or the identities are of nobody who did.
        ReadError: the identities can't be read.
        SettingsError: the key here is not the one of the lake, by which nobody would be found, or another one.
    """
    if identities:
        with open_store() as store:
            compare_keys(store)
    known = read(identities, vault(make=False)) if identities else {}
    made = with_source(_METRICS, scope, lambda source: _export(site, year, source, scope, known))
    if known and not made.identified:
        raise QueryError(
            f"None of the members in {identities} came to {site} in {year}.",
            remedy="Check that it is this nursery's file.",
        )
    log.info("export.filoue site=%s year=%d children=%d role=%s", site, year, made.table.num_rows, scope.role.name)
    return made


def _export(site: str, year: int, source: Source, scope: Scope, known: Mapping[str, Identity]) -> Filoue:
    scope.require("drill", _LINE)
    with execution.marts.using(source.builds) as mart:
        seen = mart.resolve(scope.structures)

        def ask(sql: str, **parameters: Value) -> list[dict[str, Any]]:
            rows: list[dict[str, Any]] = execution.run(mart, source, sql, parameters, seen)[0].to_pylist()
            return rows

        sites = [row["site_id"] for row in ask(_SITES)]
        if site not in sites:
            raise UnknownSite(
                site, sites, remedy=f"Nurseries that role '{scope.role.name}' sees: {', '.join(sites) or 'none'}."
            )
        children = ask(_CHILDREN, site=site, year=year)
        if not children:
            years = ", ".join(str(row["year"]) for row in ask(_YEARS, site=site))
            raise QueryError(
                f"Nobody came to {site} in {year}.",
                remedy=f"There is attendance in {years}." if years else "There is no attendance at all.",
            )
    last = max(children, key=lambda child: child["DERNIERJOUR"])
    return Filoue(
        structure_id=last["structure_id"],
        site_id=site,
        year=year,
        table=_table([_row(child, known.get(child["person_id"], {})) for child in children], year),
        identified=sum(child["person_id"] in known for child in children),
        termless=sum(child["REGIME"] is None for child in children),
        builds=source.builds,
    )


def _row(child: Mapping[str, Any], identity: Identity) -> dict[str, Any]:
    return {**child, **identity, "TOP_ALLOC": int("MATRICULE" in identity)}


def _table(rows: list[dict[str, Any]], year: int) -> pa.Table:
    """The columns of the year's form, in the contract's order; those of identities that are not known are empty."""
    fields = [
        f for f in from_columns(contract("childcare_filoue")) if f.header != _EQUIPMENT or year >= _EQUIPMENT_SINCE
    ]
    types = {f.header: pa.int8() if f.kind == "boolean" else f.arrow_type for f in fields}
    return pa.table({header: pa.array([row.get(header) for row in rows], kind) for header, kind in types.items()})


def write(export: Filoue, path: Path) -> None:
    """Write the file, whole or not at all, for its owner's eyes only: it can hold clear personal data."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, delimiter=";", lineterminator="\r\n")
            writer.writerow(export.table.column_names)
            writer.writerows([cell(value) for value in row.values()] for row in export.table.to_pylist())
        Path(draft).replace(path)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise


def cell(value: Any) -> str:
    """A decimal point, days as dd/mm/yyyy, nothing for what is not known."""
    if value is None:
        return ""
    return f"{value:%d/%m/%Y}" if isinstance(value, date) else str(value)
