"""The portal's connection to MongoDB, one for all visitors, opened by the first who needs it."""

from __future__ import annotations

import time
from contextlib import ExitStack

import streamlit as st

from lake.errors import StoreUnavailable
from lake.settings import settings
from lake.store import Store, open_store

#: Seconds for which a MongoDB that did not answer is not asked again: pages without it stay quick meanwhile.
PATIENCE = 15.0

_failed: dict[tuple[str, ...], tuple[float, StoreUnavailable]] = {}


@st.cache_resource(show_spinner=False)
def _held() -> tuple[Store, ExitStack]:
    """The store, and what keeps it open as long as the portal runs."""
    held = ExitStack()
    return held.enter_context(open_store()), held


def store() -> Store:
    """The lake's MongoDB.

    Raises:
        StoreUnavailable: it does not answer.
    """
    where = (str(settings().mongo_uri), settings().mongo_database, str(settings().data))
    at, error = _failed.get(where, (0.0, None))
    if error is not None and time.monotonic() - at < PATIENCE:
        raise error
    try:
        return _held()[0]
    except StoreUnavailable as error:
        _failed[where] = time.monotonic(), error
        raise
