"""Counts in memory which indicators the portal's visits ask for, and hands them to the lake now and then, in the
background: a page never waits for it nor fails by it. Counts are lost when the portal stops or the lake does not
answer.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime
from threading import Lock, Thread

from apps.numbers import PARIS
from apps.session import Session
from apps.store import store
from lake.usage import Asked, Usage

log = logging.getLogger(__name__)

#: Seconds between two hand-overs.
EVERY = 30.0


class Recorder:
    """Visits that are not handed over yet. Safe for threads: pages ask from several."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._day: date | None = None
        self._seen: set[tuple[str, str, str]] = set()
        self._waiting: Counter[Asked] = Counter()
        self._handed_at = time.monotonic()

    def note(self, session: Session, indicators: Iterable[str]) -> None:
        """A visit asks for some indicators, whoever it is; each counts once a day in it."""
        today = datetime.now(PARIS).date()
        with self._lock:
            if today != self._day:
                self._day, self._seen = today, set()
            for name in indicators:
                asked = (session.viewer, session.role, name)
                if asked not in self._seen:
                    self._seen.add(asked)
                    self._waiting[Asked(name, session.role, today)] += 1
            is_due = bool(self._waiting) and time.monotonic() - self._handed_at >= EVERY
            if is_due:
                self._handed_at = time.monotonic()
        if is_due:
            Thread(target=self.hand_over, name="usage", daemon=True).start()

    def hand_over(self) -> None:
        """Write what waits to the lake; what can't be written is lost."""
        with self._lock:
            waiting, self._waiting = self._waiting, Counter()
        try:
            Usage(store().usage).add(waiting)
        except Exception as error:  # whatever it is, no reader shall suffer from a count
            log.warning("usage.lost visits=%d why=%s", sum(waiting.values()), type(error).__name__)


recorder = Recorder()
