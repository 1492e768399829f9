"""What a sprint's demo said: a page of Markdown that can be pasted in a report."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from statistics import mean

from lake.prototypes.card import Card
from lake.prototypes.journal import Journal, Record

_WORDS = {
    "fr": {
        "title": "Démonstration du sprint {sprint}",
        "none": "Aucun prototype dans ce sprint.",
        "stage": "Étape",
        "owner": "Porteur",
        "decision": "Décision éclairée",
        "success": "Seuil fixé d'avance",
        "kill": "Fin prévue le",
        "views": "Vues",
        "rating": "Note moyenne",
        "no_rating": "aucune note",
        "of": "{mean} / 5 ({n} avis)",
        "comments": "Commentaires",
        "log": "Changements d'étape",
        "measured": "mesuré : {value} {unit}",
        "missed": "seuil manqué, promu parce que : {why}",
        "day": "%d/%m/%Y",
        "least": "au moins",
        "most": "au plus",
        "stages": {
            "hypothesis": "hypothèse",
            "prototype": "prototype",
            "pilot": "pilote",
            "production": "production",
            "retired": "retiré",
        },
    },
    "en": {
        "title": "Sprint demo {sprint}",
        "none": "No prototype in this sprint.",
        "stage": "Stage",
        "owner": "Owner",
        "decision": "Decision it informs",
        "success": "Threshold set beforehand",
        "kill": "Ends on",
        "views": "Views",
        "rating": "Mean rating",
        "no_rating": "no rating",
        "of": "{mean} / 5 ({n} ratings)",
        "comments": "Comments",
        "log": "Changes of stage",
        "measured": "measured: {value} {unit}",
        "missed": "threshold missed, promoted because: {why}",
        "day": "%Y-%m-%d",
        "least": "at least",
        "most": "at most",
        "stages": {s: s for s in ("hypothesis", "prototype", "pilot", "production", "retired")},
    },
}


def sprint_summary(cards: Iterable[Card], journal: Journal, sprint: str, language: str = "fr") -> str:
    """The demo of one sprint in Markdown: each prototype's promise, its reception and what was decided."""
    words = _WORDS[language]
    shown = [c for c in cards if c.sprint == sprint]
    parts = [f"# {str(words['title']).format(sprint=sprint)}"]
    if not shown:
        parts.append(str(words["none"]))
    parts += [_section(c, journal.record(c), words, language) for c in shown]
    return "\n\n".join(parts) + "\n"


def _section(card: Card, record: Record, words: Mapping[str, object], language: str) -> str:
    stages = words["stages"]
    assert isinstance(stages, dict)
    ratings = [f.rating for f in record.feedback]
    rating = words["no_rating"]
    if ratings:
        rating = str(words["of"]).format(mean=_decimal(f"{mean(ratings):.1f}", language), n=len(ratings))
    success = card.success
    limit = f"{_decimal(f'{success.threshold:g}', language)} {_plain(success.unit)}"
    threshold = f"{_plain(success.measure.to(language))} {words[success.at]} {limit}"
    lines = [
        f"## {_plain(card.title.to(language))}",
        f"> {_plain(card.hypothesis.to(language))}",
        "",
        f"- {words['stage']}: **{stages[record.stage]}**",
        f"- {words['owner']}: {_plain(card.owner)}",
        f"- {words['decision']}: {_plain(card.decision.to(language))}",
        f"- {words['success']}: {threshold}",
        f"- {words['kill']} {card.kill_on:{words['day']}}",
        f"- {words['views']}: {record.views}",
        f"- {words['rating']}: {rating}",
    ]
    comments = [f for f in record.feedback if f.comment]
    if comments:
        lines += ["", f"### {words['comments']}"]
        lines += [f"- ({f.rating}/5, {_plain(f.role)}) {_plain(f.comment)}" for f in comments]
    if record.changes:
        lines += ["", f"### {words['log']}"]
        for c in record.changes:
            moved = f"{c.at:{words['day']}} {stages[c.before]} → **{stages[c.after]}**"
            said = [f"{moved}, {_plain(c.who)}: {_plain(c.why)}"]
            if c.measured is not None:
                value = _decimal(f"{c.measured:g}", language)
                said.append(str(words["measured"]).format(value=value, unit=_plain(success.unit)))
            if c.despite:
                said.append(str(words["missed"]).format(why=_plain(c.despite)))
            lines.append("- " + " · ".join(said))
    return "\n".join(lines)


def _decimal(number: str, language: str) -> str:
    return number.replace(".", ",") if language == "fr" else number


def _plain(text: str) -> str:
    """One line of text that can't become Markdown structure or HTML."""
    flat = " ".join(text.split())
    for mark in "\\`*_[]<>#|":
        flat = flat.replace(mark, f"\\{mark}")
    return flat
