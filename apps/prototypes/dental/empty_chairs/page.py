"""Which empty chairs could take the waiting list? Free chair hours of a usual week, by centre and weekday."""

from __future__ import annotations

from apps.numbers import figure
from apps.prototypes.week import WEEKS, Found, Hours, draw_free
from apps.session import Session

_HOURS = Hours("dental", "dental_open_hours", "dental_booked_hours", beside=("dental_expected_appointments",))


def draw(session: Session) -> None:
    def answer(found: Found) -> str:
        booked, slots = found.daily["dental_booked_hours"].sum(), found.daily["dental_expected_appointments"].sum()
        hours = figure(round(found.free), "hours", session.language)
        places = figure(int(found.free / (booked / slots)) if booked and slots else 0, "count", session.language)
        return session.text(
            f"{hours} de fauteuil restent libres une semaine ordinaire : la place d'environ {places} rendez-vous.",
            f"{hours} of chair time stay free in a usual week: room for about {places} appointments.",
        )

    note = session.text(
        f"Moyenne des {WEEKS} dernières semaines, jours d'ouverture seuls ; un créneau dure comme les rendez-vous pris.",
        f"Mean of the last {WEEKS} weeks, opening days only; a slot is as long as the appointments that were booked.",
    )
    draw_free(session, _HOURS, place=session.text("Centre", "Centre"), digits=1, answer=answer, note=note)
