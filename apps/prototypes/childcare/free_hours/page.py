"""Which nursery hours could be filled next week? Licensed hours that nobody has booked in a usual week."""

from __future__ import annotations

from apps.numbers import figure
from apps.prototypes.week import WEEKS, Found, Hours, draw_free
from apps.session import Session

_HOURS = Hours("childcare", "childcare_capacity_hours", "childcare_booked_hours")


def draw(session: Session) -> None:
    def answer(found: Found) -> str:
        hours = figure(round(found.free), "hours", session.language)
        share = figure(found.free / found.offered, "rate", session.language)
        return session.text(
            f"{hours} agréées restent libres une semaine ordinaire, soit {share} de la capacité.",
            f"{hours} of licensed care stay free in a usual week: {share} of capacity.",
        )

    note = session.text(
        f"Heures agréées moins heures réservées, moyenne des {WEEKS} dernières semaines, jours d'ouverture seuls.",
        f"Licensed hours less booked hours, mean of the last {WEEKS} weeks, opening days only.",
    )
    draw_free(session, _HOURS, place=session.text("Crèche", "Nursery"), digits=0, answer=answer, note=note)
