"""The card of a prototype: written before the first screen, so that nobody moves the goalposts afterwards."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Literal, get_args

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from lake.errors import PrototypeError, UnknownName
from lake.settings import LINES, PROJECT

FOLDER = PROJECT / "apps" / "prototypes"

Stage = Literal["hypothesis", "prototype", "pilot", "production", "retired"]

#: In the order of a prototype's life. From each stage one goes to the next one or to `retired`; from `retired` nowhere.
STAGES: tuple[Stage, ...] = get_args(Stage)


class Text(BaseModel):
    """What a person reads, in both languages."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    fr: str = Field(min_length=1)
    en: str = Field(min_length=1)

    def to(self, language: str) -> str:
        return self.en if language == "en" else self.fr


class Success(BaseModel):
    """The threshold that decides, set beforehand: `measure` at least (or at most) `threshold`, in `unit`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    measure: Text
    at: Literal["least", "most"]
    threshold: float
    unit: str = Field(min_length=1)

    def is_reached_by(self, measured: float) -> bool:
        return measured >= self.threshold if self.at == "least" else measured <= self.threshold


class Card(BaseModel):
    """A prototype's card. `stage` is the one it starts in; the journal knows the one it is in."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    line: str
    name: str
    title: Text
    hypothesis: Text
    decision: Text
    sprint: str = Field(
        pattern=r"^\d{4}-S\d{2}$", description="Year and number of the sprint in which it is shown: 2025-S24."
    )
    owner: str = Field(min_length=1)
    key_users: tuple[str, ...] = Field(min_length=1, description="Roles of the policy that judge it.")
    success: Success
    kill_on: date = Field(description="Day on which it goes unless its threshold was reached.")
    stage: Stage = "hypothesis"

    @field_validator("line")
    @classmethod
    def _known_line(cls, line: str) -> str:
        if line not in LINES:
            raise ValueError(f"'{line}' is not one of {', '.join(LINES)}")
        return line

    @model_validator(mode="after")
    def _is_a_hypothesis(self) -> Card:
        wanted = {"fr": ("nous pensons que", " pour "), "en": ("we believe that", " for ", " will ")}
        for language, words in wanted.items():
            text = self.hypothesis.to(language).lower()
            missing = [w.strip() for w in words if w not in text]
            if missing:
                raise ValueError(
                    f"the {language} hypothesis lacks “{', '.join(missing)}”: “we believe that … for … will …”"
                )
        return self

    @property
    def id(self) -> str:
        return f"{self.line}/{self.name}"

    @property
    def page(self) -> Path:
        return FOLDER / self.line / self.name / "page.py"


def cards(folder: Path = FOLDER) -> list[Card]:
    """Every prototype's card, by line in the order of screens, then by name.

    Raises:
        PrototypeError: a card is not valid, or has no page beside it.
    """
    found = [_load(path) for path in sorted(folder.glob("*/*/prototype.yml"))]
    return sorted(found, key=lambda c: (LINES.index(c.line), c.name))


def card(prototype: str, folder: Path = FOLDER) -> Card:
    """One card by its id `<line>/<name>`."""
    known = {c.id: c for c in cards(folder)}
    if prototype not in known:
        raise UnknownName(prototype, known, remedy="See `lake prototype list`.")
    return known[prototype]


def _load(path: Path) -> Card:
    try:
        content = yaml.safe_load(path.read_text("utf-8")) or {}
        if not path.with_name("page.py").exists():
            raise ValueError("there is no page.py beside it")
        return Card.model_validate({**content, "line": path.parent.parent.name, "name": path.parent.name})
    except (ValidationError, ValueError, TypeError, yaml.YAMLError) as error:
        raise PrototypeError(
            f"The card of {path.parent.parent.name}/{path.parent.name} is not valid: {error}",
            remedy="Compare with a card under apps/prototypes, or make one with `lake prototype new LINE NAME`.",
        ) from error
