"""What changes something is confirmed first, and its outcome is said after."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from apps.sentences import in_words
from apps.session import Session
from apps.words import say
from lake.errors import LakeError

_OUTCOME = "quality-outcome"


def confirm(session: Session, title: str, text: str, act: Callable[[], str]) -> None:
    """Ask whether to do it, saying what it means; `act` does it and says what came of it."""
    language = session.language

    @st.dialog(title)
    def ask() -> None:
        if _OUTCOME in st.session_state:  # done: the page says how it ended
            st.rerun()
        st.markdown(text)
        with st.container(horizontal=True):
            st.button(
                say("quality.confirm", language), type="primary", key="confirm", on_click=_do, args=(session, act)
            )
            if st.button(say("quality.cancel", language), key="cancel"):
                st.rerun()

    ask()


def say_outcome() -> None:
    """How the last thing confirmed ended, once."""
    outcome: tuple[bool, str] | None = st.session_state.pop(_OUTCOME, None)
    if outcome is None:
        return
    is_done, text = outcome
    if is_done:
        st.success(text, icon=":material/task_alt:")
    else:
        st.error(text, icon=":material/error:")


def _do(session: Session, act: Callable[[], str]) -> None:
    try:
        st.session_state[_OUTCOME] = (True, act())
    except LakeError as error:
        st.session_state[_OUTCOME] = (False, in_words(error, session.language))
