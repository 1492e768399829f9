"""What Streamlit itself says in the browser, in the reader's language: tooltips, menus of tables, hints below fields.

Streamlit has no translations (1.67). A short script puts the words of `browser.yml` in the place of its own, in both
directions, since a session can change its language; what our pages write is left alone.
"""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path

import yaml

from apps.words import Language

#: `document.documentElement.lang` tells screen readers, and browsers that offer to translate, what the page speaks.
_SCRIPT = """<script>(() => {
  document.documentElement.lang = %(language)s;
  const words = new Map(%(words)s), forms = %(forms)s.map(([form, said]) => [new RegExp(form), said]);
  const attributes = ["aria-label", "title", "placeholder"];
  const said = (text) => {
    const whole = text.trim();
    if (words.has(whole)) return text.replace(whole, words.get(whole));
    const [head, ...rest] = whole.split(": ");  // a button of a toolbar names its table after what it does
    if (rest.length && words.has(head)) return [words.get(head), ...rest].join(": ");
    const found = whole && forms.find(([form]) => form.test(whole));
    return found ? text.replace(whole, whole.replace(found[0], found[1])) : text;
  };
  const isOurs = (element) => {
    const ours = element.closest("[data-testid=stMarkdownContainer], td, th");
    return ours && !element.closest("[data-testid=stTooltipContent], [role=dialog] table");
  };
  const say = (node) => {
    if (node.nodeType === Node.TEXT_NODE) {
      if (node.parentElement && !isOurs(node.parentElement)) {
        const text = said(node.nodeValue);
        if (text !== node.nodeValue) node.nodeValue = text;
      }
      return;
    }
    if (node.nodeType !== Node.ELEMENT_NODE || ["SCRIPT", "STYLE"].includes(node.tagName)) return;
    for (const name of attributes) {
      const text = node.getAttribute(name);
      if (text && said(text) !== text) node.setAttribute(name, said(text));
    }
    node.childNodes.forEach(say);
  };
  window.lakeSays?.disconnect();
  window.lakeSays = new MutationObserver((changes) => {
    for (const change of changes) (change.type === "childList" ? change.addedNodes : [change.target]).forEach(say);
  });
  window.lakeSays.observe(document.body, {
    childList: true, subtree: true, characterData: true, attributes: true, attributeFilter: attributes,
  });
  say(document.body);
})()</script>"""

#: Whatever stands for `{}`.
_ANY = "(.+?)"


@cache
def script(language: Language) -> str:
    """The script that has the browser speak a language."""
    known = [(english, french) for english, french in catalogue().items() if english != french]
    if language == "en":
        known = list({french: english for english, french in reversed(known)}.items())
    forms = [(_form(of), _filled(to)) for of, to in known if "{}" in of]
    values = {"language": language, "words": [pair for pair in known if "{}" not in pair[0]], "forms": forms}
    return _SCRIPT % {name: json.dumps(value, ensure_ascii=False) for name, value in values.items()}


@cache
def catalogue() -> dict[str, str]:
    """What Streamlit says, by its English, with the French."""
    found: dict[str, str] = yaml.safe_load(Path(__file__).with_suffix(".yml").read_text("utf-8"))
    return found


def _form(text: str) -> str:
    return f"^{_ANY.join(re.escape(part) for part in text.split('{}'))}$"


def _filled(text: str) -> str:
    """The text with `$1`, `$2` where values stand."""
    first, *rest = text.split("{}")
    return first + "".join(f"${place}{part}" for place, part in enumerate(rest, 1))
