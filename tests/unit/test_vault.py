"""Pseudonyms and keys."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor

import pyarrow as pa
import pytest
from cryptography.fernet import Fernet

from lake.errors import SettingsError
from lake.settings import Settings, settings
from lake.vault import Vault, _vault, vault

KEY = "k" * 32
VAULT = Vault(KEY, Fernet.generate_key().decode())


def test_a_pseudonym_is_short_readable_and_tells_nothing() -> None:
    pseudonym = VAULT.pseudonym("1234567")
    assert len(pseudonym) == 26
    assert pseudonym.isalnum()
    assert "1234567" not in pseudonym


def test_pseudonyms_differ_by_value_namespace_and_key() -> None:
    other = Vault("o" * 32, Fernet.generate_key().decode())
    assert (
        len({VAULT.pseudonym("1"), VAULT.pseudonym("2"), VAULT.pseudonym("1", "employee"), other.pseudonym("1")}) == 4
    )


def test_nothing_has_no_pseudonym() -> None:
    first, second = VAULT.pseudonyms(pa.array([None, "1"])).to_pylist()
    assert first is None and second is not None


def test_a_pseudonym_never_changes() -> None:
    # A change here would break the link between a person's old and new records in every lake.
    assert VAULT.pseudonym("1234567") == "E62RA2R3QST6LNLU3WLUGIBGSM"


def test_encryption_returns() -> None:
    assert VAULT.decrypt(VAULT.encrypt(b"row")) == b"row"


def test_another_key_cannot_decrypt_and_says_so() -> None:
    other = Vault(KEY, Fernet.generate_key().decode())
    with pytest.raises(SettingsError, match="under another key"):
        other.decrypt(VAULT.encrypt(b"row"))


@pytest.mark.parametrize(
    ("pseudonym", "quarantine"),
    [("short", Fernet.generate_key().decode()), (KEY, "no key")],
    ids=["pseudonym", "quarantine"],
)
def test_a_bad_key_is_refused_without_showing_it(pseudonym: str, quarantine: str) -> None:
    with pytest.raises(SettingsError) as refused:
        Vault(pseudonym, quarantine)
    assert pseudonym not in str(refused.value)
    assert "no key" not in str(refused.value)


def test_keys_are_made_once_for_their_owner_only() -> None:
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda n: _vault.__wrapped__(Settings()), range(16)))
    assert len({v.fingerprint() for v in made}) == 1
    for path in settings().secrets.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(settings().secrets.stat().st_mode) == 0o700
    assert vault().fingerprint() == made[0].fingerprint()


def test_the_fingerprint_is_not_the_key() -> None:
    assert VAULT.fingerprint() != Vault("o" * 32, Fernet.generate_key().decode()).fingerprint()
    assert KEY not in VAULT.fingerprint()
