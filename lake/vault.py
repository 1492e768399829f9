"""Pseudonyms of persons, and the encryption of quarantined rows. Keys never enter the lake, a log or an error.

A key that settings don't give is made once in `<data>/secrets/`, readable by its owner only. The lake keeps
fingerprints of both keys: with another key, or with none where it has fingerprints, everything that needs a key is
refused. A new key would silently break the link between a person's old and new records, or leave rows that nobody can
read.
"""

from __future__ import annotations

import contextlib
import hmac
import os
import secrets
import tempfile
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from cryptography.fernet import Fernet, InvalidToken

from lake.errors import SettingsError
from lake.settings import Settings, settings

if TYPE_CHECKING:
    from lake.store import Store

_KEY_CHARACTERS = 32

_ALPHABET = np.frombuffer(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", np.uint8)


class Vault:
    """The keys of this process."""

    def __init__(self, pseudonym_key: str, quarantine_key: str) -> None:
        if len(pseudonym_key) < _KEY_CHARACTERS:
            raise SettingsError(
                f"The pseudonym key has fewer than {_KEY_CHARACTERS} characters.",
                remedy="Set LAKE_PSEUDONYM_KEY to a longer one, or unset it to use the one made for you.",
            )
        self._key = pseudonym_key.encode()
        self._quarantine_key = quarantine_key.encode()
        try:
            self._fernet = Fernet(quarantine_key)
        except ValueError:
            raise SettingsError(
                "The quarantine key is not a Fernet key (32 bytes in URL-safe base64).",
                remedy="Set LAKE_QUARANTINE_KEY to one, or unset it to use the one made for you.",
            ) from None

    def pseudonym(self, value: str, namespace: str = "person") -> str:
        """The pseudonym of one value; see `pseudonyms`."""
        pseudonyms: list[str] = self.pseudonyms(pa.array([value]), namespace).to_pylist()
        return pseudonyms[0]

    def pseudonyms(self, values: pa.StringArray, namespace: str = "person") -> pa.StringArray:
        """Pseudonyms of a column: 26 characters, the same in every source for the same person.

        The value is hashed as it is (`lake.land.identity` has brought its writings to one) with the key and the
        namespace: the first 128 bits of HMAC-SHA256 in base32. Null is null.
        """
        unique = pc.dictionary_encode(values)
        prefix = f"{namespace}:"
        digests = [
            hmac.digest(self._key, f"{prefix}{value}".encode(), "sha256")[:16]
            for value in unique.dictionary.to_pylist()
        ]
        return _base32(digests).take(unique.indices)

    def fingerprint(self) -> str:
        """Tells whether two keys are the same, and nothing else about them."""
        return hmac.digest(self._key, b"fingerprint of the pseudonym key", "sha256")[:8].hex()

    def fingerprints(self) -> dict[str, str]:
        """Of both keys, by the name of the fact that the lake keeps them under."""
        sealed = hmac.digest(self._quarantine_key, b"fingerprint of the quarantine key", "sha256")[:8].hex()
        return {_FACTS["pseudonym"]: self.fingerprint(), _FACTS["quarantine"]: sealed}

    def encrypt(self, data: bytes) -> bytes:
        return self._fernet.encrypt(data)

    def decrypt(self, token: bytes) -> bytes:
        """The bytes that `encrypt` was given.

        Raises:
            SettingsError: they were encrypted with another key.
        """
        try:
            return self._fernet.decrypt(token)
        except InvalidToken:
            raise SettingsError(
                "This row was put in quarantine under another key.",
                remedy="Set LAKE_QUARANTINE_KEY to the key that was in use then.",
            ) from None


def _base32(digests: list[bytes]) -> pa.StringArray:
    """16 bytes each → 26 letters and figures each (RFC 4648, without padding), all at once."""
    bits = np.unpackbits(np.frombuffer(b"".join(digests), np.uint8).reshape(-1, 16), axis=1)
    fives = np.pad(bits, ((0, 0), (0, 2))).reshape(-1, 26, 5) @ np.array([16, 8, 4, 2, 1], np.uint8)
    letters = _ALPHABET[fives].tobytes()
    offsets = np.arange(len(digests) + 1, dtype=np.int32) * 26
    return pa.StringArray.from_buffers(len(digests), pa.py_buffer(offsets), pa.py_buffer(letters))


def vault(*, make: bool = True) -> Vault:
    """The vault of this process's settings; makes the keys that are missing. Who has a store asks `vault_of`.

    Raises:
        SettingsError: a key is missing, and `make` is false.
    """
    if not make:
        _require_keys(settings())
    return _vault(settings())


def vault_of(store: Store) -> Vault:
    """The vault of a lake: with the keys that it was filled with, made only for a lake that has none yet.

    Raises:
        SettingsError: a key is missing, or is not the one that the lake was filled with.
    """
    keys = vault(make=not any(store.fact(name) for name in _FACTS.values()))
    check_keys(store, keys)
    return keys


def check_keys(store: Store, keys: Vault) -> None:
    """The lake was filled with these keys, or has none yet: then it remembers them.

    Raises:
        SettingsError: it was filled with others.
    """
    for name, fingerprint in keys.fingerprints().items():
        if store.fact(name) is None and name == _FACTS["quarantine"]:
            _open_a_row(store, keys)
        if store.settle(name, fingerprint) != fingerprint:
            raise _another_key(name)


def compare_keys(store: Store) -> bool:
    """Whether the lake has keys; nothing is made or written.

    Raises:
        SettingsError: one is missing here, or is another.
    """
    known = {name: found for name in _FACTS.values() if (found := store.fact(name))}
    if known:
        here = vault(make=False).fingerprints()
        for name, fingerprint in known.items():
            if here[name] != fingerprint:
                raise _another_key(name)
    return bool(known)


#: The facts under which a lake keeps the fingerprints of its keys.
_FACTS = {"pseudonym": "pseudonym key fingerprint", "quarantine": "quarantine key fingerprint"}

#: What another key would do.
_HARM = {
    _FACTS["pseudonym"]: "a person would get two pseudonyms",
    _FACTS["quarantine"]: "rows in quarantine could not be read",
}


def _another_key(name: str) -> SettingsError:
    kind = name.split()[0]
    return SettingsError(
        f"The {kind} key is not the one that this lake was filled with: {_HARM[name]}.",
        remedy=f"Set LAKE_{kind.upper()}_KEY to that key (or restore <data>/secrets/{kind}.key), or use another lake.",
    )


def _require_keys(config: Settings) -> None:
    """
    Raises:
        SettingsError: a key is neither set nor in its file.
    """
    for kind, given in (("pseudonym", config.pseudonym_key), ("quarantine", config.quarantine_key)):
        path = _file(config, kind)
        if not given and not path.exists():
            raise SettingsError(
                f"The {kind} key of this lake is missing: {path} is gone, and LAKE_{kind.upper()}_KEY is not set. "
                f"None is made, for with another {_HARM[_FACTS[kind]]}.",
                remedy=f"Restore that file from its backup, or set LAKE_{kind.upper()}_KEY. If the key is lost for "
                "good, start another lake (LAKE_MONGO_DATABASE) and land the files again.",
            )


def _open_a_row(store: Store, keys: Vault) -> None:
    """A lake filled before 2026-12 has no fingerprint of its quarantine key: a row tells whether this is the key.

    Raises:
        SettingsError: it is not.
    """
    if held := next(store.quarantine.each(), None):
        for part in next(iter(store.quarantine.contents([held])), ()):
            keys.decrypt(part)


def _file(config: Settings, kind: str) -> Path:
    return config.secrets / f"{kind}.key"


@lru_cache(maxsize=4)
def _vault(config: Settings) -> Vault:
    pseudonym = config.pseudonym_key.get_secret_value() if config.pseudonym_key else None
    quarantine = config.quarantine_key.get_secret_value() if config.quarantine_key else None
    return Vault(
        pseudonym or _made_once(_file(config, "pseudonym"), lambda: secrets.token_urlsafe(48)),
        quarantine or _made_once(_file(config, "quarantine"), lambda: Fernet.generate_key().decode()),
    )


def _made_once(path: Path, make: Callable[[], str]) -> str:
    """A secret in a file of its owner's only, written whole or not at all; two processes at a time get the same."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor, draft = tempfile.mkstemp(dir=path.parent)  # Of its owner's only.
        with os.fdopen(descriptor, "w") as file:
            file.write(make())
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            path.hardlink_to(draft)
        Path(draft).unlink()
    return path.read_text().strip()
