"""Failures of MongoDB in the lake's words: what happened, whether it passes by itself, and what to do.

What passes is `StoreUnavailable` (exit code 69: try again); what a person must grant or correct is `StoreRefused` (77)
or, in the address itself, `SettingsError` (2); the rest is `StoreError`. Classes that talk to MongoDB are decorated
with `translates`, so that no error of the driver leaves this folder.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from cryptography import x509
from pymongo.errors import (
    BulkWriteError,
    ConfigurationError,
    ConnectionFailure,
    CursorNotFound,
    ExecutionTimeout,
    OperationFailure,
    PyMongoError,
    ServerSelectionTimeoutError,
    WTimeoutError,
)
from pymongo.uri_parser import parse_uri

from lake.errors import LakeError, SettingsError, StoreError, StoreRefused, StoreUnavailable
from lake.settings import settings
from lake.store.mongod import NO_SPACE, diagnosis

UNAUTHORIZED, AUTHENTICATION_FAILED, ATLAS_AUTHENTICATION, OUT_OF_DISK_SPACE = 13, 18, 8000, 14031

#: Codes of what passes: elections, shutdowns, lost connections, conflicts and time limits.
#: Source: MongoDB's error_codes.yml, categories RetriableError, NotPrimaryError, ShutdownError and NetworkError, and
#: what a member that is slow or alone answers (24, 46, 50, 64, 100, 112, 133, 134).
_PASSING = {6, 7, 24, 43, 46, 50, 64, 89, 91, 100, 112, 133, 134, 175, 189, 202, 262, 317, 358, 384, 402, 9001}
_PASSING |= {10107, 11600, 11602, 13435, 13436, 13388}

_NO_RIGHT = re.compile(r"not authorized on (\S+) to execute command \{ (\w+): \"?([^\",]*)")

#: What the driver says of a connection whose certificates, or TLS itself, one side refuses.
_TLS = re.compile(r"SSL|certificate|hostname .* doesn't match", re.IGNORECASE)

#: What OpenSSL says of one that is out of date.
_EXPIRED = "certificate has expired"

_Class = TypeVar("_Class", bound=type)


def translates(cls: _Class) -> _Class:
    """Make the public methods of a class raise the lake's errors instead of the driver's."""
    for name, method in list(vars(cls).items()):
        if inspect.isfunction(method) and not name.startswith("_"):
            setattr(cls, name, _translating(method))
    return cls


@contextlib.contextmanager
def translation() -> Iterator[None]:
    """Inside, errors of the driver become the lake's."""
    try:
        yield
    except PyMongoError as error:
        raise failure(error) from error


def _translating(method: Callable[..., Any]) -> Callable[..., Any]:
    if inspect.isgeneratorfunction(method):

        @functools.wraps(method)
        def each(*args: Any, **kwargs: Any) -> Iterator[Any]:
            with translation():
                yield from method(*args, **kwargs)

        return each

    @functools.wraps(method)
    def one(*args: Any, **kwargs: Any) -> Any:
        with translation():
            return method(*args, **kwargs)

    return one


def failure(error: PyMongoError) -> LakeError:
    """The lake's error for one of the driver's."""
    if isinstance(error, ConfigurationError):
        return SettingsError(
            f"{_where()} can't be used: {_said(error)}.", remedy="See the MongoDB connection string format."
        )
    codes = _codes(error)
    if OUT_OF_DISK_SPACE in codes or NO_SPACE in str(error):
        return StoreUnavailable(
            f"{_where()} can't write: its disk is full.", remedy="Make room on its disk, then run again."
        )
    if codes & {AUTHENTICATION_FAILED, ATLAS_AUTHENTICATION}:
        return StoreRefused(
            "MongoDB refuses the user or the password of LAKE_MONGO_URI.",
            remedy="Correct them there (percent-encoded); authSource names the database that knows the user.",
        )
    if UNAUTHORIZED in codes:
        return _no_right(error)
    if isinstance(error, ConnectionFailure):
        return _no_connection(error)
    if codes & _PASSING or isinstance(error, (CursorNotFound, ExecutionTimeout, WTimeoutError)):
        return StoreUnavailable(f"{_where()} could not do it now: {_said(error)}.", remedy="Run again in a while.")
    return StoreError(f"MongoDB failed: {_said(error)}.")


def _no_connection(error: ConnectionFailure) -> LakeError:
    said, chosen = _said(error), settings()
    if not chosen.mongo_uri:
        folder = chosen.data / "mongo"
        what, remedy = diagnosis(folder) or (
            f"{_where()} does not answer: {said}.",
            f"Run again, which starts it anew; its log is {folder / 'mongod.log'}.",
        )
        return StoreUnavailable(what, remedy=remedy)
    if "timed out" in said or "operation cancelled" in said:  # Cancelled, as its monitor got no answer in time.
        return StoreUnavailable(
            f"{_where()} does not answer in time: {said}.",
            remedy="If it runs, it is frozen or overloaded, or a firewall swallows what is sent: see its process, its "
            "disk and its log. Nothing that was committed is lost; run again once it answers.",
        )
    if _EXPIRED in said:
        return StoreRefused(
            f"The certificate of the server of {_where()} has expired, or that of who signed it: {said}.",
            remedy="Have it renewed on the server; if that was done, the authority of tlsCAFile may be the old one. "
            "The clock of this machine must be right too.",
        )
    if (until := _own_expiry()) is not None:
        return StoreRefused(
            f"The lake's own certificate (tlsCertificateKeyFile of LAKE_MONGO_URI) expired on {until:%d/%m/%Y}, "
            f"and the server hangs up on it: {said}.",
            remedy="Have it renewed, and put the new one with its key in that file.",
        )
    # A server that hangs up on everybody wants TLS, or a certificate that we don't have, and does not say so.
    if _TLS.search(said) or (isinstance(error, ServerSelectionTimeoutError) and "connection closed" in said):
        return StoreRefused(
            f"{_where()} and the lake do not agree on TLS: {said}.",
            remedy="Its certificate must be valid today, bear the host's name of the URI and be signed by an authority "
            "of tlsCAFile (or of the system); tlsCertificateKeyFile is the lake's own, where the server wants one; "
            "tls=true belongs in the URI if the server speaks TLS, and only then.",
        )
    return StoreUnavailable(
        f"{_where()} does not answer: {said}.",
        remedy="Is it running and reachable?",
    )


def _own_expiry() -> datetime | None:
    """Until when the lake's own certificate was valid; None where it has none, or a valid one."""
    try:
        path = parse_uri(settings().mongo_uri or "")["options"].get("tlsCertificateKeyFile")
        until = x509.load_pem_x509_certificate(Path(path).read_bytes()).not_valid_after_utc if path else None
    except (PyMongoError, OSError, ValueError):
        return None
    return until if until is not None and until < datetime.now(UTC) else None


def _no_right(error: PyMongoError) -> StoreRefused:
    named = _NO_RIGHT.search(str(error))
    if named is None:
        return StoreRefused(
            "MongoDB wants a user, and LAKE_MONGO_URI names none that it knows.",
            remedy="Write mongodb://user:password@host/?authSource=admin, percent-encoded.",
        )
    database, command, collection = named.groups()
    where = f"{database}.{collection}" if collection.strip().rstrip(".0") not in ("", "1") else database
    return StoreRefused(
        f"MongoDB refuses the user of LAKE_MONGO_URI the right to '{command}' on {where}.",
        remedy="Give it the role that this command needs: see 'Rights in MongoDB' in docs/reference.md.",
    )


def _codes(error: PyMongoError) -> set[int]:
    """Every code that an error carries: of a bulk write, each of its parts has one."""
    found = {error.code} if isinstance(error, OperationFailure) else set()
    if isinstance(error, BulkWriteError):
        parts = [*error.details.get("writeErrors", ()), *error.details.get("writeConcernErrors", ())]
        found |= {part.get("code") for part in parts}
    return {code for code in found if code is not None}


def _where() -> str:
    chosen = settings()
    return "LAKE_MONGO_URI" if chosen.mongo_uri else f"The embedded MongoDB in {chosen.data / 'mongo'}"


def _said(error: PyMongoError) -> str:
    """What happened, without the driver's view of every server and the whole answer, which can hold values."""
    if isinstance(error, BulkWriteError):
        return ", ".join(f"code {code}" for code in sorted(_codes(error))) or "a bulk write failed"
    return (
        str(error)
        .partition(", Timeout:")[0]
        .partition(", full error:")[0]
        .partition(" (configured timeouts")[0]
        .removesuffix(".")
    )
