"""Serves the portal: Streamlit, and the addresses that it would answer with a white page."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

from starlette.middleware import Middleware
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from streamlit.starlette import App

#: What Streamlit serves below addresses of one level.
_OF_STREAMLIT = ("_stcore", "app", "component", "media", "static", "vendor")

#: Stands in an address for the slash, and looks like it.
_SLASH = "\N{DIVISION SLASH}"


class OneLevel:
    """Leads an address of several levels to one of a single level: pages have no other, and the browser would look for
    all that a page is made of one level too deep. The page says which address there is none for."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and b"text/html" in dict(scope["headers"]).get(b"accept", b""):
            levels = [level for level in scope["path"].split("/") if level]
            if len(levels) > 1 and levels[0] not in _OF_STREAMLIT:
                asked = f"?{query}" if (query := scope["query_string"].decode("latin-1")) else ""
                to = f"/{quote(_SLASH.join(levels))}{asked}"
                await RedirectResponse(to, headers={"Cache-Control": "no-store"})(scope, receive, send)
                return
        await self._app(scope, receive, send)


app = App(Path(__file__).with_name("portal.py"), middleware=[Middleware(OneLevel)])
