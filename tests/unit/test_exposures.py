"""Every page of the portal is a dbt exposure with an owner, and says which views it shows."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from apps.registry import PAGES
from lake import access
from lake.settings import MARTS, PROJECT

MODELS = PROJECT / "models"
EXPOSURES: dict[str, dict[str, Any]] = {
    e["config"]["meta"]["page"]: e for e in yaml.safe_load((MODELS / "exposures.yml").read_text("utf-8"))["exposures"]
}
OWNERS = {
    *access.load(PROJECT / "lake" / "access" / "policy.yml").roles,
    *(o for path in MODELS.rglob("*.yml") for o in re.findall(r"^\s+owner: ([a-z-]+)$", path.read_text("utf-8"), re.M)),
}


def secured(folder: str) -> set[str]:
    """The views of a folder that the semantic layer stands on."""
    return {
        p.stem
        for p in (MODELS / folder).glob("*.sql")
        if re.search(r"secured\(|in_(any_)?scope\(", p.read_text("utf-8"))
    }


def shown(page: str) -> set[str]:
    return {re.sub(r"^ref\('(\w+)'\)$", r"\1", d) for d in EXPOSURES[page]["depends_on"]}


@pytest.mark.parametrize("page", [p.key for p in PAGES])
def test_a_page_is_an_exposure_with_an_owner(page: str) -> None:
    exposure = EXPOSURES[page]
    assert exposure["name"] == f"portal_{page}"
    assert exposure["type"] == "dashboard"
    assert exposure["label"] and exposure["description"]
    assert exposure["owner"]["name"] in OWNERS


@pytest.mark.parametrize("page", EXPOSURES)
def test_a_page_shows_secured_views_only(page: str) -> None:
    views = secured("core").union(*(secured(f"marts/{mart}") for mart in MARTS))
    assert shown(page)
    assert shown(page) <= views


@pytest.mark.parametrize("line", MARTS)
def test_the_page_of_a_line_shows_every_view_of_the_line(line: str) -> None:
    assert secured(f"marts/{line}") <= shown(line)
