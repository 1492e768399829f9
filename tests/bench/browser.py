"""A browser's side of a Streamlit session, without the browser: its protocol over a WebSocket.

What a browser would send and receive goes over the wire, and nothing is drawn: twenty such sessions measure the portal,
where twenty browsers on the same machine would measure themselves.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.asyncio.client import ClientConnection, connect

#: Elements that show figures; the first of them ends the wait for an answer. (Not `html`: the portal's style is one.)
_FIGURES = ("metric", "vega_lite_chart", "dataframe", "table")

#: Field of a widget's state by the kind of widget.
_VALUES = {
    "button": "trigger_value",
    "button_group": "string_array_value",
    "date_input": "string_array_value",
    "multiselect": "string_array_value",
    "selectbox": "string_value",
    "text_input": "string_value",
}

Value = str | bool | Sequence[str]


@dataclass(frozen=True)
class Widget:
    """A widget on the screen: its kind, its message, and the fragment that it redraws (none: the whole page)."""

    kind: str
    message: Any
    fragment: str

    @property
    def options(self) -> list[str]:
        """What can be chosen, as the browser sends it."""
        return [o if isinstance(o, str) else o.content for o in self.message.options]


@dataclass
class Drawn:
    """What a click brought. Seconds since the click; `figures` is None when no figure was drawn anew."""

    figures: float | None = None
    finished: float = 0.0
    bytes: int = 0
    errors: list[str] = field(default_factory=list)


class Tab:
    """One open page of the portal. `widgets` are those on the screen, by their key; `pages` the hashes of the menu's
    pages by their address."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._states: dict[str, WidgetState] = {}
        self._kept: dict[str, ForwardMsg] = {}
        self._query = ""
        self._page = ""
        self._elements: dict[tuple[int, ...], Widget] = {}
        self.widgets: dict[str, Widget] = {}
        self.pages: dict[str, str] = {}

    async def open(self, page: str = "", query: str = "") -> Drawn:
        """Open an address, as a link does."""
        message = BackMsg()
        message.rerun_script.page_name = page
        message.rerun_script.query_string = query
        return await self._run(message)

    async def go(self, page: str) -> Drawn:
        """Choose a page in the menu."""
        message = BackMsg()
        self._page = message.rerun_script.page_script_hash = self.pages[page]
        self._states = {i: s for i, s in self._states.items() if i.endswith(("-lang", "-as"))}
        self._elements.clear()
        return await self._run(message)

    async def follow(self, query: str) -> Drawn:
        """Another address of the same page, as a link within it or the browser's history does."""
        message = BackMsg()
        message.rerun_script.query_string = query
        message.rerun_script.page_script_hash = self._page
        return await self._run(message)

    async def set(self, key: str, value: Value) -> Drawn:
        """Change a widget."""
        widget = self.widgets[key]
        state = WidgetState(id=widget.message.id)
        name = _VALUES[widget.kind]
        if isinstance(value, str | bool):
            setattr(state, name, value)
        else:
            getattr(state, name).data.extend(value)
        message = BackMsg()
        message.rerun_script.query_string = self._query
        message.rerun_script.page_script_hash = self._page
        message.rerun_script.fragment_id = widget.fragment
        message.rerun_script.widget_states.widgets.extend([*self._states.values(), state])
        if widget.kind != "button":
            self._states[state.id] = state
        return await self._run(message)

    async def _run(self, message: BackMsg) -> Drawn:
        """Send, and read until the script has ended."""
        message.rerun_script.cached_message_hashes.extend(self._kept)
        if not message.rerun_script.fragment_id and message.rerun_script.page_script_hash != self._page:
            self._elements.clear()
        drawn = Drawn()
        started = time.perf_counter()
        await self._socket.send(message.SerializeToString())
        while True:
            data = await self._socket.recv(decode=False)
            drawn.bytes += len(data)
            got = self._whole(ForwardMsg.FromString(data))
            kind = got.WhichOneof("type")
            if kind == "delta":
                self._show(got, drawn, time.perf_counter() - started)
            elif kind == "page_info_changed":
                self._query = got.page_info_changed.query_string
            elif kind == "navigation":
                self._page = got.navigation.page_script_hash
                self.pages = {p.url_pathname: p.page_script_hash for p in got.navigation.app_pages if not p.is_hidden}
            elif kind == "new_session" and not message.rerun_script.fragment_id:
                self._elements.clear()
            elif kind == "session_event" and got.session_event.WhichOneof("type") == "script_compilation_exception":
                drawn.errors.append(got.session_event.script_compilation_exception.message)
            elif kind == "script_finished" and got.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN:
                drawn.finished = time.perf_counter() - started
                if got.script_finished == ForwardMsg.FINISHED_WITH_COMPILE_ERROR:
                    drawn.errors.append("the script ended with an error")
                self.widgets = {_key(w.message.id): w for w in self._elements.values()}
                return drawn

    def _whole(self, got: ForwardMsg) -> ForwardMsg:
        """The message itself, when it only refers to one sent before."""
        if got.WhichOneof("type") == "ref_hash":
            whole = ForwardMsg()
            whole.CopyFrom(self._kept[got.ref_hash])
            whole.metadata.CopyFrom(got.metadata)
            return whole
        if got.metadata.cacheable:
            self._kept[got.hash] = got
        return got

    def _show(self, got: ForwardMsg, drawn: Drawn, after: float) -> None:
        if got.delta.WhichOneof("type") != "new_element":
            return
        element = got.delta.new_element
        kind = element.WhichOneof("type")
        if kind in _FIGURES and drawn.figures is None:
            drawn.figures = after
        if kind == "exception":
            drawn.errors.append(f"{element.exception.type}: {element.exception.message}")
        elif kind == "alert" and element.alert.format == element.alert.ERROR:
            drawn.errors.append(element.alert.body)
        place = tuple(got.metadata.delta_path)
        self._elements.pop(place, None)
        if kind in _VALUES and (message := getattr(element, kind)).id:
            self._elements[place] = Widget(kind, message, got.delta.fragment_id)
            if getattr(message, "set_value", False):
                self._states.pop(message.id, None)


@asynccontextmanager
async def tab(address: str) -> AsyncIterator[Tab]:
    """A new session with the portal at `http://…`."""
    stream = f"{address.replace('http', 'ws', 1)}/_stcore/stream"
    async with connect(stream, subprotocols=["streamlit"], max_size=None, origin=address) as socket:  # type: ignore[arg-type, list-item]
        yield Tab(socket)


def _key(identifier: str) -> str:
    """The key that a page gave to a widget, from `$$ID-<hash>-<key>`."""
    return identifier.split("-", 2)[-1]
