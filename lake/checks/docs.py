"""Data Docs: the results of a build's checks as one page, without script and without anything from the network.

Great Expectations' own pages load styles and fonts from elsewhere and show rows; see docs/adr.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from zoneinfo import ZoneInfo

from lake.builds import Build
from lake.checks.results import Result

_PARIS = ZoneInfo("Europe/Paris")

_WORDS = {
    "fr": {
        "title": "Contrôles de la construction",
        "line": "Ligne",
        "data": "Données du",
        "checked": "Contrôlée le",
        "passed": "conforme",
        "warned": "avertissement",
        "blocked": "bloquant",
        "reconciliation": "Rapprochement du lac et du magasin",
        "expectation": "Attentes du métier",
        "subject": "Sujet",
        "says": "Ce qui est attendu",
        "outcome": "Résultat",
        "detail": "Constat",
        "verdict_passed": "Cette construction peut être publiée.",
        "verdict_refused": "Cette construction ne peut pas être publiée.",
    },
    "en": {
        "title": "Checks of the build",
        "line": "Line",
        "data": "Data of",
        "checked": "Checked on",
        "passed": "passed",
        "warned": "warning",
        "blocked": "blocking",
        "reconciliation": "Reconciliation of lake and mart",
        "expectation": "What the trade expects",
        "subject": "Subject",
        "says": "Expected",
        "outcome": "Result",
        "detail": "Found",
        "verdict_passed": "This build may be published.",
        "verdict_refused": "This build can't be published.",
    },
}

# Colours of Okabe and Ito, told apart by colour-blind readers; the word is always there too.
_STYLE = """
body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:72rem;padding:0 1rem;color:#1a1a1a}
table{border-collapse:collapse;width:100%;margin:1rem 0}th,td{text-align:left;padding:.4rem .6rem;vertical-align:top;
border-bottom:1px solid #ddd}.passed{color:#00694c}.warned{color:#8a5a00}.blocked{color:#a33800;font-weight:600}
.verdict{padding:.8rem 1rem;border-left:6px solid;background:#f6f6f6}td.detail{color:#555}
"""

_WORST_FIRST = {"blocked": 0, "warned": 1, "passed": 2}


def page(build: Build, results: Sequence[Result], language: str) -> str:
    """The page of one build in `fr` or `en`: the verdict first, then what does not hold, then the rest."""
    words = _WORDS[language]
    counts = ", ".join(
        f"<span class={outcome}>{sum(r.outcome == outcome for r in results)} {words[outcome]}</span>"
        for outcome in _WORST_FIRST
    )
    verdict = "passed" if build.status == "passed" else "blocked"
    facts = [f"{words['line']} : {escape(build.line)}", escape(build.id)]
    if build.as_of:
        facts.append(f"{words['data']} {build.as_of.astimezone(_PARIS):%d/%m/%Y %H:%M}")
    if build.checks:
        facts.append(f"{words['checked']} {build.checks.checked_at.astimezone(_PARIS):%d/%m/%Y %H:%M}")
    sections = [_section(kind, results, language) for kind in ("expectation", "reconciliation")]
    return (
        f"<!doctype html><html lang={language}><meta charset=utf-8><title>{words['title']}</title>"
        f"<style>{_STYLE}</style><h1>{words['title']}</h1><p>{' · '.join(facts)}</p>"
        f"<p class='verdict {verdict}'>{words['verdict_' + build.status]} {counts}</p>{''.join(sections)}</html>"
    )


def _section(kind: str, results: Sequence[Result], language: str) -> str:
    words = _WORDS[language]
    chosen = sorted((r for r in results if r.kind == kind), key=lambda r: _WORST_FIRST[r.outcome])
    if not chosen:
        return ""
    head = "".join(f"<th>{words[name]}" for name in ("subject", "says", "outcome", "detail"))
    rows = "".join(
        f"<tr><td>{escape(r.subject_fr if language == 'fr' else r.subject_en)}"
        f"<td>{escape(r.says_fr if language == 'fr' else r.says_en)}"
        f"<td class={r.outcome}>{words[r.outcome]}<td class=detail>{escape(r.detail)}"
        for r in chosen
    )
    return f"<h2>{words[kind]}</h2><table><tr>{head}{rows}</table>"
