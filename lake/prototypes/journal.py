"""What happened to a prototype: views, feedback and changes of stage, appended to MongoDB and never altered."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from lake.errors import PrototypeError
from lake.prototypes.card import STAGES, Card, Stage


class Events(Protocol):
    """What the journal needs of the store: an append-only list of events (`store.prototypes`)."""

    def append(self, kind: str, event: dict[str, Any], /) -> Any: ...

    def find(self, *, where: dict[str, Any] | None = None) -> list[dict[str, Any]]: ...


@dataclass(frozen=True)
class Feedback:
    """One viewer's opinion: a rating from 1 to 5 and a comment. A viewer's last one counts."""

    who: str
    role: str
    rating: int
    comment: str
    at: datetime


@dataclass(frozen=True)
class Change:
    """One change of stage, with the evidence that it was made on. `despite` is why a prototype that missed its
    threshold was promoted all the same; None where it didn't."""

    who: str
    before: Stage
    after: Stage
    why: str
    measured: float | None
    at: datetime
    despite: str | None = None


@dataclass(frozen=True)
class Record:
    """All that is known of one prototype at a moment. `views` counts sessions, not reruns."""

    stage: Stage
    views: int
    feedback: tuple[Feedback, ...]
    changes: tuple[Change, ...]

    @property
    def rating(self) -> float | None:
        """Mean of the viewers' last ratings, 1 to 5; None without any."""
        if not self.feedback:
            return None
        return sum(f.rating for f in self.feedback) / len(self.feedback)


class Journal:
    """The prototypes' journal in MongoDB (collection `_prototypes`)."""

    def __init__(self, events: Events) -> None:
        self._events = events

    def record(self, card: Card) -> Record:
        return self._record(card, self._events.find(where={"prototype": card.id}))

    def records(self, cards: list[Card]) -> dict[str, Record]:
        """The records of several prototypes, by id, with one question to MongoDB."""
        by_id: dict[str, list[dict[str, Any]]] = {c.id: [] for c in cards}
        for event in self._events.find():
            by_id.get(event["prototype"], []).append(event)
        return {c.id: self._record(c, by_id[c.id]) for c in cards}

    def viewed(self, card: Card, *, who: str, role: str) -> None:
        self._append(card, "view", who=who, role=role)

    def rate(self, card: Card, *, who: str, role: str, rating: int, comment: str = "") -> None:
        """Append one viewer's opinion.

        Raises:
            PrototypeError: the rating is not 1 to 5.
        """
        if rating not in range(1, 6):
            raise PrototypeError(f"A rating of {rating} for {card.id} is not possible.", remedy="Give 1 to 5.")
        self._append(card, "feedback", who=who, role=role, rating=rating, comment=comment.strip())

    def promote(self, card: Card, *, who: str, why: str, measured: float, despite: str = "") -> Change:
        """Move to the next stage on evidence: the figure that was measured and why it convinces.

        Args:
            card: of the prototype.
            who: decides.
            why: what was observed, on whom and when.
            measured: the figure, in the unit of the card's threshold.
            despite: why the prototype goes on although it missed that threshold; kept only where it did.

        Raises:
            PrototypeError: there is no next stage, no evidence, or no reason to go on below the threshold.
        """
        before = self.record(card).stage
        if before in ("production", "retired"):
            raise PrototypeError(
                f"{card.id} is in stage '{before}': there is none after it.", remedy="Start a new prototype."
            )
        after = STAGES[STAGES.index(before) + 1]
        if not math.isfinite(measured):
            raise PrototypeError(f"{measured} is no measured value for {card.id}.", remedy="Give a number.")
        if card.success.is_reached_by(measured):
            despite = ""
        elif not despite.strip():
            raise PrototypeError(
                f"{card.id} can't move to '{after}' without a reason: what was measured misses its threshold.",
                remedy="Say why it is promoted all the same (--despite), or retire it.",
            )
        return self._change(card, before, after, who=who, why=why, measured=measured, despite=despite.strip() or None)

    def retire(self, card: Card, *, who: str, why: str, measured: float | None = None) -> Change:
        """Take it out of the menus; its card and journal stay.

        Raises:
            PrototypeError: it is retired already, or no reason was given.
        """
        before = self.record(card).stage
        if before == "retired":
            raise PrototypeError(f"{card.id} is retired already.")
        return self._change(card, before, "retired", who=who, why=why, measured=measured)

    def _change(
        self,
        card: Card,
        before: Stage,
        after: Stage,
        *,
        who: str,
        why: str,
        measured: float | None,
        despite: str | None = None,
    ) -> Change:
        if not why.strip():
            raise PrototypeError(
                f"{card.id} can't move to '{after}' without evidence.",
                remedy="Say what was observed, on whom and when.",
            )
        what = {"before": before, "after": after, "why": why.strip(), "measured": measured, "despite": despite}
        return _change(self._append(card, "stage", who=who, **what))

    def _append(self, card: Card, kind: str, **what: Any) -> dict[str, Any]:
        event = {"prototype": card.id, "at": datetime.now(UTC), **what}
        self._events.append(kind, event)
        return event

    @staticmethod
    def _record(card: Card, events: list[dict[str, Any]]) -> Record:
        ordered = sorted(events, key=lambda e: e["at"])
        changes = tuple(_change(e) for e in ordered if e["kind"] == "stage")
        last_by_viewer = {e["who"]: e for e in ordered if e["kind"] == "feedback"}
        feedback = [Feedback(e["who"], e["role"], e["rating"], e["comment"], e["at"]) for e in last_by_viewer.values()]
        return Record(
            stage=changes[-1].after if changes else card.stage,
            views=sum(e["kind"] == "view" for e in ordered),
            feedback=tuple(feedback),
            changes=changes,
        )


def _change(event: dict[str, Any]) -> Change:
    return Change(
        event["who"],
        event["before"],
        event["after"],
        event["why"],
        event["measured"],
        event["at"],
        event.get("despite"),
    )
