"""Headers, values and encodings as software really writes them land as the plain ones do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from shared import case

from lake.land import land
from lake.land.report import Report
from lake.store import Store
from tests.lab import row, text

Deliver = Callable[..., Report]
States = Callable[[], dict[str, dict[str, Any]]]


@pytest.fixture
def stored(store: Store) -> Callable[[str], Iterator[dict[str, Any]]]:
    """Every record of a source, in the order of landing."""

    def read(source: str) -> Iterator[dict[str, Any]]:
        for table in store.tables(source, store.committed_batches(source)):
            yield from table.to_pylist()

    return read


def test_headers_and_values_with_typographic_signs_are_the_plain_ones(stored: Any) -> None:
    """The budget's «Subventions d’exploitation», the invoices' «Mois d’accueil»."""
    report = land([str(case("08-header-spellings"))])
    assert sorted((f.source, f.read, f.landed) for f in report.files if f.status == "landed" and f.source) == [
        ("childcare_invoices", 4, 4),
        ("finance_budgets", 3, 3),
    ]
    assert [r["income_line"] for r in stored("finance_budgets")] == ["subsidies"] * 3


@pytest.mark.parametrize("sign", ["°", "º", "o", "˚"])
def test_a_number_sign_is_known_however_it_is_typed(deliver: Deliver, states: States, sign: str) -> None:
    data = text(row()).replace("N°", f"N{sign}").encode()
    assert deliver({"S01_devices_2024.csv": data}).total("landed") == 1
    assert list(states()) == ["D100"]


def test_one_brand_in_two_encodings_is_one_and_the_odd_one_is_told(stored: Any) -> None:
    report = land([str(path) for path in sorted(case("09-wrong-one-byte-encoding").glob("*.csv"))])
    assert report.total("landed") == report.total("read") == 2
    assert {r["brand"] for r in stored("audio_fittings")} == {"Cœur"}
    told = {f.file.rsplit("_", 1)[-1]: f.remarks for f in report.files}
    assert told["cp.csv"] == ()
    assert "iso-8859-15" in told["iso.csv"][0]


def test_text_that_was_encoded_twice_lands_and_is_told(deliver: Deliver) -> None:
    data = text(row(comment="dÃ©jÃ\u00a0 reÃ§u"), row(1001)).encode()
    (file,) = deliver({"S01_devices_2024.csv": data}).files
    assert (file.landed, file.quarantined) == (2, 0)
    assert "encoded twice" in file.remarks[0]


def test_a_file_whose_name_has_accents_is_recognised(deliver: Deliver, states: States) -> None:
    assert deliver({"S01_dévices_2024.csv": text(row()).encode()}).total("landed") == 1
    assert states()["D100"]["structure_id"] == "S01"
