"""Who is looking: the persona chosen in the sidebar (demo mode), the language, and the scope that follows from them.

The scope is made anew at every rerun from the policy in force; nothing a browser sends is ever part of it but the
persona's name, which the policy must know.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import streamlit as st

from apps.browser import script
from apps.words import LANGUAGES, Language, say
from lake import access
from lake.access import Scope
from lake.settings import LINES, MARTS

#: Where the browser session keeps, by name, what its address asked for that is no choice, until it is said.
MISREAD = "address-misread"


@dataclass(frozen=True)
class Session:
    """One viewer at one rerun. `viewer` is a random name that lasts as long as the browser session."""

    language: Language
    scope: Scope
    viewer: str

    @property
    def role(self) -> str:
        return self.scope.role.name

    @property
    def label(self) -> str:
        return self.scope.role.label(self.language)

    @property
    def sees_every_structure(self) -> bool:
        """Numbers that are totals over all structures are for those who do."""
        return self.scope.structures == (access.ALL,)

    @property
    def sees_one_structure(self) -> bool:
        return len(self.scope.structures) == 1 and not self.sees_every_structure

    def text(self, fr: str, en: str) -> str:
        """A prototype's own words; pages have theirs in words.yml."""
        return en if self.language == "en" else fr

    @property
    def owner(self) -> Scope:
        """Who keeps views. Until people sign in, a persona is a person: what it keeps outlasts the browser."""
        return access.scope(self.role, who=self.role)

    def role_label(self, role: str) -> str:
        """What a role is called; one that the policy has no more, by its name."""
        known = access.policy().roles
        return known[role].label(self.language) if role in known else role

    def signed(self, by: str) -> str:
        """Who did something and as whom, as the lake keeps it, for reading: `Anne as data-engineer` is
        “Anne (Data engineer)”."""
        who, _, role = by.rpartition(" as ")
        return f"{who} ({self.role_label(role)})" if who else by

    @property
    def lines(self) -> tuple[str, ...]:
        """The business lines in scope, in the order of screens."""
        return tuple(line for line in LINES if self.scope.sees(line))

    @property
    def marts(self) -> tuple[str, ...]:
        """The marts in scope: the lines', and the group's for those who see the lines that it is made from."""
        return tuple(mart for mart in MARTS if self.scope.sees_mart(mart))


def sign_in() -> Session:
    """Draw the choice of language and persona, and return who is looking."""
    viewer = st.session_state.setdefault("viewer", f"viewer-{secrets.token_hex(4)}")
    policy = access.policy()
    with st.sidebar:
        _from_address("lang", LANGUAGES, "fr")
        language: Language = st.segmented_control(
            "Langue · Language",
            LANGUAGES,
            required=True,
            format_func=str.upper,
            key="lang",
            on_change=_say_anew,
        )
        _from_address("as", list(policy.roles), policy.default)
        name = st.selectbox(
            say("portal.persona", language),
            list(policy.roles),
            format_func=lambda n: policy.roles[n].label(language),
            help=say("portal.persona_help", language),
            key="as",
        )
        st.query_params.update({"lang": language, "as": name})
        session = Session(language, access.scope(name, who=viewer), viewer)
        st.caption(_structures(session))
        st.html(script(language), unsafe_allow_javascript=True)
    return session


def _from_address(key: str, known: Sequence[str], default: str) -> None:
    """Start a choice from the link that opened the session. (A widget's own binding would put its label there, which
    is another in each language.)"""
    if st.session_state.get(key) not in known:
        asked = st.query_params.get(key)
        st.session_state[key] = asked if asked in known else default
        if asked and asked not in known:
            st.session_state.setdefault(MISREAD, {})[key] = asked


def _say_anew() -> None:
    """What is chosen in a list keeps the words it was chosen by, until it is set: so it is, to what it is."""
    for key, value in st.session_state.items():
        if isinstance(value, (str, list, date)):
            st.session_state[key] = value


def _structures(session: Session) -> str:
    ids = session.scope.structures
    if ids == (access.ALL,):
        return say("portal.structures_all", session.language)
    return say("portal.structures_some", session.language, n=len(ids), names=", ".join(ids))
