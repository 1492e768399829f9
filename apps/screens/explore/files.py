"""The files of a view, offered for download: made when they are asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from apps.screens.explore import about, address, data, drawing, exports, table
from apps.screens.explore.about import Period
from apps.screens.explore.controls import key
from apps.screens.explore.data import View
from apps.screens.explore.table import Words
from apps.session import Session
from apps.words import say
from lake.semantic import Indicator


def offer(
    session: Session,
    view: View,
    indicators: Mapping[str, Indicator],
    span: Period,
    words: Words,
    drawn: Sequence[Any],
) -> None:
    """A menu with the table as XLSX, CSV and Parquet, and the pictures of the charts that were `drawn`."""
    language = session.language
    name = about.title(view.state, words)
    link = address.link(view.state, language)

    def whole() -> View:
        return data.everything(session, view, span)

    def said() -> list[tuple[str, str]]:
        return about.lines(session, whole(), indicators, span, words, link)

    def csv() -> bytes:
        return exports.to_csv(table.sheet(whole(), words, name), language)

    def xlsx() -> bytes:
        names = (say("explore.export.table_sheet", language), say("explore.export.about_sheet", language))
        return exports.to_xlsx(table.sheet(whole(), words, name), said(), names)

    def parquet() -> bytes:
        return exports.to_parquet(whole().main.table, said())

    def picture(number: int) -> Any:
        below = [about.period(span, words), about.selections(view.state, words), about.origin(view, words)]
        return drawing.pictured(drawn[number], name, below)

    files: list[tuple[str, str, str, Any]] = [
        ("xlsx", "xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", xlsx),
        ("csv", "csv", "text/csv", csv),
        ("parquet", "parquet", "application/vnd.apache.parquet", parquet),
    ]
    for number in range(len(drawn)):
        files.append(("png", "png", "image/png", lambda n=number: exports.to_png(picture(n))))
        files.append(("svg", "svg", "image/svg+xml", lambda n=number: exports.to_svg(picture(n))))
    with st.popover(say("explore.export.title", language), icon=":material/download:", key=key("export")):
        for number, (label, suffix, mime, made) in enumerate(files):
            which = f" {(number - 1) // 2}" if len(drawn) > 1 and suffix in ("png", "svg") else ""
            st.download_button(
                f"{say(f'explore.export.{label}', language)}{which}",
                made,
                exports.file_name(name, suffix),
                mime,
                on_click="ignore",
                type="tertiary",
                key=key(f"export-{suffix}-{number}"),
            )
