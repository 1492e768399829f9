"""Tables of words: cells wrap, so that a description is read whole on a narrow screen and on paper."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st

from apps.words import Language, say


def draw_table(rows: Sequence[Mapping[str, str]], title: str, language: Language) -> None:
    """Draw rows whose columns are keys of `catalogue.column`; cells are Markdown. `title` says what they are."""
    frame = pd.DataFrame(rows).rename(columns=lambda name: say(f"catalogue.column.{name}", language))
    st.table(frame, border="horizontal", hide_index=True, alt=title)
