"""Keys: made for a new lake only; with another, or none, everything that needs one is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from lab import DEVICES, row, text

from lake import doctor, vault
from lake.errors import SettingsError
from lake.land import land
from lake.land.retry import retry
from lake.settings import settings
from lake.store import Store

KINDS = ("pseudonym", "quarantine")


@pytest.fixture
def landed(store: Store, tmp_path: Path) -> Path:
    """A file with a row that lands and one in quarantine, landed; a second file of the same kind."""
    for year in (2024, 2025):
        lines = text(row(year), row(year + 1000, price_eur="99999"))
        (tmp_path / f"S01_devices_{year}.csv").write_bytes(lines.encode("cp1252"))
    (report,) = land([str(tmp_path / "S01_devices_2024.csv")], contracts={DEVICES.name: DEVICES}).files
    assert (report.landed, report.quarantined) == (1, 1)
    return tmp_path / "S01_devices_2025.csv"


def forget() -> None:
    """A process that starts now."""
    vault._vault.cache_clear()
    settings.cache_clear()


def doctor_says(store: Store) -> tuple[str, str]:
    (found,) = doctor._attempt("keys", lambda: str(vault.compare_keys(store)))
    return found.level, found.what


@pytest.mark.parametrize("kind", KINDS)
def test_a_lost_key_is_not_made_anew(kind: str, store: Store, landed: Path) -> None:
    assert doctor_says(store)[0] == "fine"
    file = settings().secrets / f"{kind}.key"
    kept = file.read_text()
    file.unlink()
    forget()
    with pytest.raises(SettingsError, match=rf"The {kind} key of this lake is missing: .*Restore that file"):
        land([str(landed)], contracts={DEVICES.name: DEVICES})
    assert not file.exists()
    assert doctor_says(store)[0] == "wrong"
    with pytest.raises(SettingsError, match="is missing"):
        vault.vault(make=False)
    file.write_text(kept)
    forget()
    assert land([str(landed)], contracts={DEVICES.name: DEVICES}).total("landed") == 1


@pytest.mark.parametrize("kind", KINDS)
def test_another_key_is_refused_by_what_lands_retries_and_looks(
    kind: str, store: Store, landed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"LAKE_{kind.upper()}_KEY", Fernet.generate_key().decode())
    forget()
    words = f"The {kind} key is not the one that this lake was filled with"
    with pytest.raises(SettingsError, match=words):
        land([str(landed)], contracts={DEVICES.name: DEVICES})
    with pytest.raises(SettingsError, match=words):
        retry(store, vault.vault(), [DEVICES.name], contracts={DEVICES.name: DEVICES})
    assert doctor_says(store) == ("wrong", f"{words}: {vault._HARM[vault._FACTS[kind]]}.")
    assert [f.name for f in store.files()] == ["S01_devices_2024.csv"]


def test_a_lake_of_before_its_quarantine_key_had_a_fingerprint_takes_the_key_that_opens_a_row(
    store: Store, landed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fact = vault._FACTS["quarantine"]
    store._db["_facts"].delete_one({"_id": fact})
    with monkeypatch.context() as other:
        other.setenv("LAKE_QUARANTINE_KEY", Fernet.generate_key().decode())
        forget()
        with pytest.raises(SettingsError, match="under another key"):
            land([str(landed)], contracts={DEVICES.name: DEVICES})
        assert store.fact(fact) is None
    forget()
    land([str(landed)], contracts={DEVICES.name: DEVICES})
    assert store.fact(fact) == vault.vault().fingerprints()[fact]


def test_who_may_make_no_key_is_told_that_it_is_missing() -> None:
    with pytest.raises(SettingsError, match="None is made"):
        vault.vault(make=False)
    assert not settings().secrets.exists()
