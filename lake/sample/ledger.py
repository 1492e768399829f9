"""The books of one legal unit: entries that balance, year by year, closing balances carried into the next year.

Amounts are whole cents; a line's amount is positive on the debit side, negative on the credit side.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, timedelta

import numpy as np
import pyarrow as pa

from lake.sample.columns import decimals

#: Accounts of the sample's books.
LABELS = {
    "106000": "Réserves",
    "110000": "Report à nouveau",
    "131000": "Subventions d'équipement",
    "151000": "Provisions pour risques",
    "164000": "Emprunts auprès des établissements de crédit",
    "181000": "Comptes de liaison des établissements",
    "215000": "Installations et matériel",
    "281500": "Amortissements du matériel",
    "370000": "Stocks de marchandises",
    "401000": "Fournisseurs",
    "411000": "Clients et organismes payeurs",
    "421000": "Personnel, rémunérations dues",
    "431000": "Sécurité sociale et autres organismes",
    "441000": "Subventions à recevoir",
    "444000": "État, impôts sur les bénéfices",
    "447000": "Autres impôts et taxes",
    "512000": "Banque",
    "602300": "Fournitures dentaires",
    "603700": "Variation des stocks de marchandises",
    "604300": "Travaux de prothésistes",
    "606100": "Énergie et eau",
    "607100": "Achats d'appareils auditifs",
    "607200": "Achats de montures et de verres",
    "613200": "Locations immobilières",
    "615200": "Entretien et réparations",
    "616000": "Primes d'assurance",
    "622600": "Honoraires",
    "623000": "Publicité",
    "626000": "Télécommunications",
    "631100": "Taxe sur les salaires",
    "635110": "Cotisation foncière des entreprises",
    "641000": "Rémunérations du personnel",
    "645000": "Charges de sécurité sociale",
    "649000": "Remboursements de charges de personnel",
    "657000": "Valeur comptable des immobilisations cédées",
    "658100": "Pénalités et amendes",
    "661100": "Intérêts des emprunts",
    "671200": "Pénalités et amendes",
    "675000": "Valeur comptable des éléments cédés",
    "681120": "Dotations aux amortissements",
    "681500": "Dotations aux provisions",
    "691000": "Participation des salariés",
    "695000": "Impôts sur les bénéfices",
    "706800": "Actions de prévention et services rendus",
    "706300": "Soins et prothèses dentaires",
    "706400": "Participations des familles",
    "707100": "Ventes d'appareils auditifs",
    "707200": "Ventes d'optique",
    "741000": "Prestations de service de la CAF",
    "744000": "Subventions des communes",
    "747000": "Quote-part des subventions d'investissement",
    "757000": "Produits des cessions d'immobilisations",
    "764000": "Revenus des placements",
    "775000": "Produits des cessions d'éléments d'actif",
    "777000": "Quote-part des subventions d'investissement",
    "781500": "Reprises sur provisions",
    "791000": "Transferts de charges d'exploitation",
}

JOURNALS = {
    "AN": "À nouveaux",
    "BQ": "Banque",
    "OD": "Opérations diverses",
    "PA": "Paie",
    "AC": "Achats",
    "VT": "Ventes",
}

#: Accounts whose lines carry an auxiliary account: letter and how many there are.
_AUXILIARIES = {"401000": ("F", 180), "411000": ("C", 40)}


class Ledger:
    """Entries are posted in any order; `close` gives a year's lines as the rows of a FEC and opens the next year."""

    def __init__(self) -> None:
        self._balances: dict[str, int] = defaultdict(int)
        self._entries: list[tuple[date, str, str, list[tuple[str, int]]]] = []

    def post(self, on: date, journal: str, label: str, lines: Iterable[tuple[str, int]]) -> None:
        """Add an entry; lines of nothing are left out.

        Raises:
            ValueError: it does not balance.
        """
        kept = [(account, cents) for account, cents in lines if cents]
        if sum(cents for _, cents in kept):
            raise ValueError(f"'{label}' of {on} in {journal} does not balance.")
        if not kept:
            return
        for account, cents in kept:
            self._balances[account] += cents
        self._entries.append((on, journal, label, kept))

    def balance(self, account: str) -> int:
        return self._balances[account]

    def result(self) -> int:
        """Result of the year so far, before closing: income less costs."""
        return -sum(cents for account, cents in self._balances.items() if account[0] in "67")

    def extract(self, end: date) -> pa.Table:
        """The entries so far of the fiscal year that ends on a day, in order of day."""
        entries = sorted(enumerate(self._entries), key=lambda e: (e[1][0], e[0]))
        return self._rows([entry for _, entry in entries], end)

    def close(self, end: date) -> None:
        """Begin the fiscal year after the one that ends on a day, with its opening entry."""
        result = self.result()
        carried = {account: cents for account, cents in self._balances.items() if account[0] not in "67"}
        carried["110000"] = carried.get("110000", 0) - result
        self._entries, self._balances = [], defaultdict(int)
        self.post(end + timedelta(days=1), "AN", "À nouveau", sorted(carried.items()))

    def _rows(self, entries: Sequence[tuple[date, str, str, list[tuple[str, int]]]], end: date) -> pa.Table:
        flat = [
            (on, journal, label, number, account, cents)
            for number, (on, journal, label, lines) in enumerate(entries, start=1)
            for account, cents in lines
        ]
        on, journals, labels, numbers, accounts, amounts = zip(*flat, strict=True)
        cents = np.array(amounts, np.int64)
        validated = end + timedelta(days=90)
        seen: Counter[str] = Counter()
        auxiliaries = []
        for account in accounts:
            letter, count = _AUXILIARIES.get(account, ("", 0))
            auxiliaries.append(f"{letter}{seen[account] % count + 1:04d}" if letter else None)
            seen[account] += 1
        return pa.table(
            {
                "fiscal_year_end_on": pa.array([end] * len(flat), pa.date32()),
                "line_number": pa.array(range(2, len(flat) + 2), pa.int64()),
                "journal_code": pa.array(journals, pa.string()),
                "journal_label": pa.array([_journal_label(code) for code in journals], pa.string()),
                "entry_number": pa.array([f"{end.year}{n:06d}" for n in numbers], pa.string()),
                "entry_on": pa.array(on, pa.date32()),
                "account": pa.array(accounts, pa.string()),
                "account_label": pa.array([LABELS[account] for account in accounts], pa.string()),
                "auxiliary_account": pa.array(auxiliaries, pa.string()),
                "auxiliary_label": pa.array([a and f"Tiers {a}" for a in auxiliaries], pa.string()),
                "piece_reference": pa.array([f"P{n:06d}" for n in numbers], pa.string()),
                "piece_on": pa.array(on, pa.date32()),
                "entry_label": pa.array(labels, pa.string()),
                "debit_eur": decimals(np.maximum(cents, 0)),
                "credit_eur": decimals(np.maximum(-cents, 0)),
                "validated_on": pa.array([validated] * len(flat), pa.date32()),
            }
        )


def _journal_label(code: str) -> str:
    kind, _, site = code.partition("-")
    return f"{JOURNALS[kind]} {site}".strip()
