"""The portal's connection to MongoDB, one for all visitors, opened by the first who needs it."""

from __future__ import annotations

from contextlib import ExitStack

import streamlit as st

from lake.store import Store, open_store


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
    return _held()[0]
