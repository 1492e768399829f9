"""A structure's entries, month by month: what its sites earn and spend becomes the lines of its FEC.

Nurseries have journals of their own (`OD-S02-CHI-01`), as their funding asks for, and of the other sites the larger
ones; the rest is kept in the structure's. What such a site owes and is owed is the head office's, through the account
181 that links establishments. The more lines are wanted, the more sites have journals, and then the more entries a
month has; the amounts stay of the same order.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pyarrow as pa

from lake.sample.economics import (
    HQ_EXTERNAL,
    HQ_WAGES,
    INCOME_TAX,
    LAND_TAX,
    PROFIT_SHARE,
    SOCIAL,
    TRADES,
    WAGE_TAX,
    Months,
)
from lake.sample.ledger import Ledger
from lake.sample.world import World

_OTHER_EXTERNAL = ("606100", "615200", "616000", "622600", "623000", "626000")


@dataclass(frozen=True)
class FiscalYear:
    """Months `start` to `stop` (excluded) since the sample's first one. A year that is not over has fewer entries."""

    start: int
    stop: int
    begins_on: date
    ends_on: date


def fiscal_years(world: World, structure_id: str) -> list[FiscalYear]:
    """Calendar years, of which the first is longer where the sample begins in the second half of a year; in a few
    structures years that end when another month does, after a first one of odd length."""
    first, count = world.first, world.scale.months
    usual = next(stop for stop in (13 - first.month, 25 - first.month) if stop > 6)
    stops = range(_FIRST_YEARS.get(structure_id, usual), count + 12, 12)
    return [
        FiscalYear(start, stop, _first_day(first, start), _first_day(first, stop) - timedelta(days=1))
        for start, stop in zip([0, *stops], stops, strict=False)
    ]


@dataclass(frozen=True)
class Detail:
    """How finely books are kept: the part of sites with journals of their `own` besides nurseries, and in how many
    entries (`invoices`) such a site's sales of a month are posted."""

    own: float = 0.0
    invoices: int = 1


#: Months of the first fiscal year of structures that close their books in another month than December.
_FIRST_YEARS = {"S05": 5, "S09": 15, "S14": 18}

#: From coarse to fine.
_DETAILS = (*(Detail(own / 20) for own in range(21)), *(Detail(1.0, invoices) for invoices in range(2, 400)))


def detail_for(lines: float) -> Detail:
    """The finest detail in which a structure's year has about so many lines; the coarsest where none has."""
    return max((d for d in _DETAILS if _lines(d) <= lines), key=_lines, default=_DETAILS[0])


def _lines(detail: Detail) -> float:
    """About how many lines a structure's FEC has in this detail, with four sites."""
    return 57 + 12 * (36 + detail.own * (20 + (9 * detail.invoices if detail.invoices > 1 else 0)))


def split(sites: Sequence[Months], detail: Detail) -> tuple[list[Months], list[Months]]:
    """The sites that have journals (and budgets) of their own, and those that are kept with the head office."""
    others = sorted(
        (site for site in sites if site.line not in ("childcare", "group")), key=lambda site: -float(site.income.sum())
    )
    own = [site for site in sites if site.line == "childcare"] + others[: round(len(others) * detail.own)]
    return own, [site for site in sites if site not in own]


def books(
    world: World, structure_id: str, sites: Sequence[Months], detail: Detail, rng: np.random.Generator
) -> Iterator[tuple[FiscalYear, pa.Table]]:
    """The structure's FEC of each fiscal year; of the running one, as far as it goes."""
    ledger = Ledger()
    own, shared = split(sites, detail)
    delay = rng.uniform(0.7, 1.4)
    ledger.post(world.first, "AN", "À nouveau", _opening(sites))
    for year in fiscal_years(world, structure_id):
        for month in range(year.start, min(year.stop, world.scale.months)):
            on = min(_first_day(world.first, month + 1) - timedelta(days=1), world.last)
            owed: Counter[str] = Counter()
            for site in own:
                for account, cents in _post_site(ledger, site, month, on, detail.invoices, rng):
                    owed[account] += cents
            ledger.post(on, "OD", "Comptes de liaison", _against("181000", sorted(owed.items())))
            _post_structure(ledger, shared, sites, month, on, rng)
            if on.month % 3 == 0:
                _post_bank(ledger, on, 365 / 4, delay)
        is_over = year.ends_on <= world.last
        if is_over:
            _post_year_end(ledger, sites, year, rng)
        yield year, ledger.extract(year.ends_on)
        if is_over:
            ledger.close(year.ends_on)


def _opening(sites: Sequence[Months]) -> list[tuple[str, int]]:
    """The balance sheet on which the sample begins."""
    shares = {"215000": 0.42, "281500": -0.17, "370000": 0.04, "411000": 0.13, "512000": 0.16, "401000": -0.06,
              "421000": -0.02, "431000": -0.02, "131000": -0.05, "164000": -0.14}  # fmt: skip
    turnover = _turnover(sites, slice(0, 12))
    balances = [(account, _cents(turnover * share)) for account, share in shares.items()]
    return sorted([*balances, ("106000", -sum(cents for _, cents in balances))])


def _post_site(
    ledger: Ledger, site: Months, month: int, on: date, invoices: int, rng: np.random.Generator
) -> list[tuple[str, int]]:
    """A month of a site that has journals; returns what it owes (credit) and is owed, for the head office's books."""
    wages, purchases, external = _costs(site.line, float(site.normal[month]), rng)
    lines = [*_payroll(wages), *_against("401000", [*purchases, ("613200", external)])]
    income = _cents(float(site.income[month]))
    if invoices == 1:
        lines += _billed(_sales(site.line, income))
    else:
        for part in _split(income, invoices, rng):
            day = on.replace(day=int(rng.integers(1, min(on.day, 27) + 1)))
            ledger.post(day, f"VT-{site.site_id}", "Ventes", _billed(_sales(site.line, part)))
    of_site = [line for line in lines if line[0][0] in "67"]
    ledger.post(on, f"OD-{site.site_id}", "Produits et charges du site", _against("181000", of_site))
    return [line for line in lines if line[0][0] not in "67"]


def _post_structure(
    ledger: Ledger, shared: Sequence[Months], sites: Sequence[Months], month: int, on: date, rng: np.random.Generator
) -> None:
    """A month of the structure's own journals: the sites without journals, and the head office."""
    sales: list[tuple[str, int]] = []
    purchases: list[tuple[str, int]] = []
    size = sum(float(site.normal[month]) for site in sites)
    wages, external = _cents(size * HQ_WAGES), _cents(size * HQ_EXTERNAL)
    for line in TRADES:
        mine = [site for site in shared if site.line == line]
        sales += _sales(line, _cents(sum(float(site.income[month]) for site in mine)))
        costs = _costs(line, sum(float(site.normal[month]) for site in mine), rng)
        wages, purchases, external = wages + costs[0], purchases + costs[1], external + costs[2]
    ledger.post(on, "VT", "Ventes", _billed(sales))
    ledger.post(on, "PA", "Paie", _payroll(wages))
    tax = round(ledger.balance("641000") * WAGE_TAX) - ledger.balance("631100")
    ledger.post(on, "PA", "Taxe sur les salaires", [("631100", tax), ("447000", -tax)])
    ledger.post(
        on, "AC", "Achats et charges externes", _against("401000", [*purchases, *_external(external, on.month)])
    )
    worn = sum(float(site.normal[month]) * TRADES[site.line].depreciation for site in sites)
    interest = _cents(size * 0.0025)
    lines = [("681120", _cents(worn)), ("281500", -_cents(worn))]
    lines += [("635110", _cents(size * LAND_TAX)), ("447000", -_cents(size * LAND_TAX))]
    ledger.post(on, "OD", "Abonnement des charges", [*lines, ("661100", interest), ("512000", -interest)])


def _post_bank(ledger: Ledger, on: date, days: float, delay: float) -> None:
    """Customers pay and creditors are paid, so that about `delay` days of them stay due."""
    due = {"411000": 46 * delay, "441000": 40, "401000": 38, "421000": 6, "431000": 20, "447000": 15}
    paid = [(account, -round(ledger.balance(account) * days / (days + late))) for account, late in due.items()]
    ledger.post(on, "BQ", "Règlements", _against("512000", paid))


def _post_year_end(ledger: Ledger, sites: Sequence[Months], year: FiscalYear, rng: np.random.Generator) -> None:
    """What is known on the last day. Years that opened from 2025 on have the accounts of ANC 2022-06."""
    on = year.ends_on
    turnover = _turnover(sites, slice(year.start, year.stop))
    is_new = year.begins_on >= date(2025, 1, 1)
    grant, refund = ("747000", "649000") if is_new else ("777000", "791000")
    sold, worth = ("757000", "657000") if is_new else ("775000", "675000")
    fine = "658100" if is_new else "671200"

    def post(label: str, against: str, *lines: tuple[str, float]) -> None:
        ledger.post(on, "OD", label, _against(against, [(account, _cents(euros)) for account, euros in lines]))

    post("Investissements", "512000", ("215000", turnover * rng.uniform(0.02, 0.03)))
    post("Placements", "512000", ("764000", -turnover * 0.0008))
    post("Quote-part de subventions", "131000", (grant, -turnover * 0.002))
    post("Indemnités journalières", "512000", (refund, -turnover * 0.003))
    post("Provision pour risques", "151000", ("681500", turnover * rng.uniform(0.001, 0.003)))
    if year.start:
        post("Reprise de provision", "151000", ("781500", ledger.balance("151000") / 100 * 0.4))
    if ledger.balance("370000") and rng.random() < 0.9:
        post("Variation de stock", "370000", ("603700", turnover * rng.uniform(-0.004, 0.003)))
    if rng.random() < 0.3:
        post("Cession", "512000", (sold, -turnover * 0.0015))
        post("Sortie d'actif", "215000", (worth, turnover * 0.001))
    if rng.random() < 0.3:
        post("Pénalités", "512000", (fine, turnover * 0.0004))
    if (profit := ledger.result()) > 0:
        post("Impôt sur les bénéfices", "444000", ("695000", profit / 100 * INCOME_TAX))
        post("Participation", "421000", ("691000", profit / 100 * PROFIT_SHARE))
    post("Acompte d'impôt", "512000", ("444000", -ledger.balance("444000") / 100))


# Lines of entries


def _sales(line: str, cents: int) -> list[tuple[str, int]]:
    """Income by account, on the credit side."""
    return _shares(TRADES[line].income, -cents)


def _billed(sales: Sequence[tuple[str, int]]) -> list[tuple[str, int]]:
    """Income and who owes it: the customers, and the CAF its subsidies."""
    subsidies = -sum(cents for account, cents in sales if account.startswith("74"))
    return [("411000", -sum(cents for _, cents in sales) - subsidies), ("441000", subsidies), *sales]


def _costs(line: str, normal: float, rng: np.random.Generator) -> tuple[int, list[tuple[str, int]], int]:
    """Wages, purchases by account and other external costs of so much normal income."""
    trade = TRADES[line]
    bought = _cents(normal * sum(share for _, share in trade.purchases) * rng.uniform(0.95, 1.05))
    wages = _cents(normal * trade.wages * rng.uniform(0.97, 1.03))
    return wages, _shares(trade.purchases, bought), _cents(normal * trade.external * rng.uniform(0.9, 1.1))


def _payroll(wages: int) -> list[tuple[str, int]]:
    charges = round(wages * SOCIAL)
    withheld = round(wages * 0.22)
    return [("641000", wages), ("645000", charges), ("421000", withheld - wages), ("431000", -charges - withheld)]


def _external(cents: int, month: int) -> list[tuple[str, int]]:
    """Rent, and one of the other external costs, in turn."""
    rent = round(cents * 0.4)
    return [("613200", rent), (_OTHER_EXTERNAL[month % len(_OTHER_EXTERNAL)], cents - rent)]


def _against(account: str, lines: Sequence[tuple[str, int]]) -> list[tuple[str, int]]:
    """The lines and, first, the one that balances them."""
    return [(account, -sum(cents for _, cents in lines)), *lines]


def _shares(accounts: Sequence[tuple[str, float]], cents: int) -> list[tuple[str, int]]:
    """Cents by account; the last account takes what rounding leaves."""
    if not accounts:
        return []
    whole = sum(share for _, share in accounts)
    parts = [(account, round(cents * share / whole)) for account, share in accounts[:-1]]
    return [*parts, (accounts[-1][0], cents - sum(part for _, part in parts))]


def _split(cents: int, parts: int, rng: np.random.Generator) -> list[int]:
    if parts == 1 or not cents:
        return [cents]
    edges = np.sort(rng.integers(0, cents + 1, parts - 1)).tolist()
    return [after - before for before, after in zip([0, *edges], [*edges, cents], strict=True)]


def _first_day(first: date, month: int) -> date:
    """The first day of a month, counted from that of another."""
    years, months = divmod(first.month - 1 + month, 12)
    return date(first.year + years, months + 1, 1)


def _turnover(sites: Sequence[Months], period: slice) -> float:
    return sum(float(site.normal[period].sum()) for site in sites)


def _cents(euros: float) -> int:
    return round(euros * 100)
