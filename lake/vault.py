"""Pseudonyms of persons, and the encryption of quarantined rows. Keys never enter the lake, a log or an error.

A key that settings don't give is made once in `<data>/secrets/`, readable by its owner only. The lake keeps a
fingerprint of the pseudonym key, so that a landing with another key is refused instead of silently breaking the link
between a person's old and new records.
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

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from cryptography.fernet import Fernet, InvalidToken

from lake.errors import SettingsError
from lake.settings import Settings, settings

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


def vault() -> Vault:
    """The vault of this process's settings; makes the keys that are missing."""
    return _vault(settings())


@lru_cache(maxsize=4)
def _vault(config: Settings) -> Vault:
    pseudonym = config.pseudonym_key.get_secret_value() if config.pseudonym_key else None
    quarantine = config.quarantine_key.get_secret_value() if config.quarantine_key else None
    return Vault(
        pseudonym or _made_once(config.secrets / "pseudonym.key", lambda: secrets.token_urlsafe(48)),
        quarantine or _made_once(config.secrets / "quarantine.key", lambda: Fernet.generate_key().decode()),
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
