"""The portal's connection to MongoDB, one for all visitors, opened by the first who needs it."""

from __future__ import annotations

import threading
import time
from contextlib import ExitStack

import streamlit as st

from lake.errors import StoreError
from lake.settings import settings
from lake.store import Store, open_store

#: Seconds for which a MongoDB that did not answer is not asked again: pages without it stay quick meanwhile.
PATIENCE = 15.0

_failed: dict[tuple[str, ...], tuple[float, StoreError]] = {}
_opening = threading.Lock()


@st.cache_resource(show_spinner=False)
def _held() -> tuple[Store, ExitStack]:
    """The store, and what keeps it open as long as the portal runs."""
    held = ExitStack()
    return held.enter_context(open_store()), held


def store() -> Store:
    """The lake's MongoDB, opened anew if it stopped answering: that starts an embedded server again.

    Raises:
        StoreError: it does not answer, or refuses us.
    """
    where = (str(settings().mongo_uri), settings().mongo_database, str(settings().data))
    with _opening:
        at, error = _failed.get(where, (0.0, None))
        if error is not None and time.monotonic() - at < PATIENCE:
            raise error
        try:
            found, held = _held()
            if not found.answers():
                _held.clear()
                held.close()
                found, _ = _held()
        except StoreError as error:
            _failed[where] = time.monotonic(), error
            raise
        _failed.pop(where, None)
        return found
