"""A page of the portal as a persona opens it by a link, and all that it says."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

from lake.settings import PROJECT


def opened(page: str, *, role: str = "group-director", language: str = "fr", **address: str) -> AppTest:
    """The portal on one page, as a persona sees it by a link."""
    app = AppTest.from_file(str(PROJECT / "apps" / "portal.py"), default_timeout=120)
    app.query_params["as"] = role
    app.query_params["lang"] = language
    for name, value in address.items():
        app.query_params[name] = value
    if page != "home":
        app._page_hash = calc_hash(page)  # AppTest.switch_page knows only pages that are files
    return app.run()


def texts(app: AppTest) -> str:
    """All that stands on the screen."""
    parts = [e.value for e in [*app.title, *app.header, *app.subheader, *app.markdown, *app.caption, *app.text]]
    parts += [e.value for e in [*app.error, *app.warning, *app.info, *app.success]]
    parts += [f"{m.label} {m.value} {m.delta}" for m in app.metric]
    return "\n".join(map(str, parts))
