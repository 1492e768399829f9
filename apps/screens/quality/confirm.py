"""What changes something is confirmed first, and its outcome is said after."""

from __future__ import annotations

import secrets
from collections.abc import Callable

import streamlit as st

from apps.sentences import in_words
from apps.session import Session
from apps.words import say
from lake.errors import LakeError

_OUTCOME, _DONE = "quality-outcome", "quality-done"


class NothingDone(Exception):
    """What was confirmed was tried, and changed nothing: says so in the reader's language."""


def confirm(session: Session, title: str, text: str, act: Callable[[], str]) -> None:
    """Ask whether to do it, saying what it means; `act` does it and says what came of it."""
    language, number = session.language, secrets.token_hex(4)

    @st.dialog(title)
    def ask() -> None:
        if _OUTCOME in st.session_state:  # done: the page says how it ended
            st.rerun()
        st.markdown(text)
        with st.container(horizontal=True):
            asked = (session, act, number)
            st.button(say("quality.confirm", language), type="primary", key="confirm", on_click=_do, args=asked)
            if st.button(say("quality.cancel", language), key="cancel"):
                st.rerun()

    ask()


def say_outcome() -> None:
    """How the last thing confirmed ended, once."""
    outcome: tuple[str, str] | None = st.session_state.pop(_OUTCOME, None)
    if outcome is None:
        return
    how, text = outcome
    if how == "done":
        st.success(text, icon=":material/task_alt:")
    elif how == "nothing":
        st.warning(text, icon=":material/do_not_disturb_on:")
    else:
        st.error(text, icon=":material/error:")


def _do(session: Session, act: Callable[[], str], number: str) -> None:
    """Do it, once however often one clicks."""
    if st.session_state.get(_DONE) == number:
        return
    st.session_state[_DONE] = number
    try:
        st.session_state[_OUTCOME] = ("done", act())
    except NothingDone as nothing:
        st.session_state[_OUTCOME] = ("nothing", str(nothing))
    except LakeError as error:
        st.session_state[_OUTCOME] = ("failed", in_words(error, session.language))
