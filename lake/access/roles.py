"""The policy file: roles, each with the lines and structures it sees and what it may do with them."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator, model_validator

from lake.errors import SettingsError, UnknownRole
from lake.settings import GROUP, LINES, settings

#: Every line or every structure, those that nobody has heard of yet included.
ALL = "*"

#: Lines that sources belong to: the business lines, and those of the shared dimensions.
KNOWN_LINES = (*LINES, GROUP, "geo")

#: Ids of structures: `S01`…`S18`, or the SIREN of a structure that the group has not declared.
STRUCTURE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}")

#: What to do about a file that is wrong.
_MODEL = "Correct it: lake/access/policy.yml is the model, and its head says what each key means."

Permission = Literal["read", "drill", "decide", "quarantine", "publish"]

#: Permissions over things that hold all structures together: refused rows of a file, a build.
WHOLE_GROUP: tuple[Permission, ...] = ("quarantine", "publish")


def _names(given: Any) -> Any:
    if isinstance(given, str) and given != ALL:
        raise ValueError(f"'{given}' is no list: [{given}], or '*' for all")
    return (ALL,) if given == ALL else given


Names = Annotated[tuple[str, ...], BeforeValidator(_names)]


class Role(BaseModel):
    """What one role sees and may do. `lines` and `structures` are `("*",)` for all of them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    label_fr: str = Field(min_length=1)
    label_en: str = Field(min_length=1)
    lines: Names
    structures: Names
    permissions: tuple[Permission, ...]

    @field_validator("lines")
    @classmethod
    def _lines_exist(cls, lines: tuple[str, ...]) -> tuple[str, ...]:
        if unknown := [line for line in lines if lines != (ALL,) and line not in KNOWN_LINES]:
            raise ValueError(f"unknown line {', '.join(unknown)}; lines are {', '.join(KNOWN_LINES)}, or '*' for all")
        return lines

    @field_validator("structures")
    @classmethod
    def _structures_are_ids(cls, structures: tuple[str, ...]) -> tuple[str, ...]:
        if wrong := [s for s in structures if structures != (ALL,) and not STRUCTURE_ID.fullmatch(s)]:
            raise ValueError(f"{wrong[0]!r} is not a structure's id (letters, digits, - and _), nor '*' alone for all")
        return structures

    @model_validator(mode="after")
    def _whole_group_needs_all_structures(self) -> Role:
        if self.structures != (ALL,) and (wrong := [p for p in WHOLE_GROUP if p in self.permissions]):
            verbs = ("concerns", "needs") if len(wrong) == 1 else ("concern", "need")
            raise ValueError(
                f"permission {' and '.join(wrong)} {verbs[0]} all structures at once and {verbs[1]} structures: '*'"
            )
        return self

    def label(self, lang: str) -> str:
        return self.label_en if lang == "en" else self.label_fr


class Policy(BaseModel):
    """All roles by name, in the order of the file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    default: str
    roles: dict[str, Role] = Field(min_length=1)

    @model_validator(mode="before")
    @classmethod
    def _name_roles(cls, document: Any) -> Any:
        if isinstance(document, dict) and isinstance(document.get("roles"), dict):
            named = {n: {"name": n, **r} if isinstance(r, dict) else r for n, r in document["roles"].items()}
            return {**document, "roles": named}
        return document

    @model_validator(mode="after")
    def _default_exists(self) -> Policy:
        if self.default not in self.roles:
            raise ValueError(f"default '{self.default}' is not one of the roles")
        return self

    def role(self, name: str) -> Role:
        """The role of that name.

        Raises:
            UnknownRole: with the nearest known ones.
        """
        if name not in self.roles:
            raise UnknownRole(name, self.roles, remedy=f"Roles are {', '.join(self.roles)}.")
        return self.roles[name]


def load(path: Path) -> Policy:
    """Read and validate one policy file.

    Raises:
        SettingsError: it is missing, is not YAML, or says what no policy can say; every fault is named, in one line.
    """
    try:
        return Policy.model_validate(yaml.safe_load(path.read_text("utf-8")))
    except OSError as error:
        raise SettingsError(
            f"The policy {path} can't be read ({error.strerror}).", remedy="Set LAKE_POLICY to a policy file."
        ) from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"The policy {path} is not UTF-8 text.", remedy="Save it as UTF-8.") from error
    except yaml.YAMLError as error:
        raise SettingsError(f"The policy {path} is not valid YAML: {_yaml_fault(error)}.", remedy=_MODEL) from error
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(str(p) for p in e['loc']) or 'file'}: {e['msg'].removeprefix('Value error, ')}"
            for e in error.errors()
        )
        raise SettingsError(f"The policy {path} is not valid: {' '.join(faults.split())}.", remedy=_MODEL) from error


def _yaml_fault(error: yaml.YAMLError) -> str:
    """What is wrong and where, in one line."""
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        mark = error.problem_mark
        return f"line {mark.line + 1}, column {mark.column + 1}: {error.problem or error.context}"
    return " ".join(str(error).split())


def policy() -> Policy:
    """The policy in force: the file of the settings, read again when it has changed."""
    path = settings().policy
    try:
        state = path.stat()
    except OSError:
        return load(path)
    return _loaded(path, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=8)
def _loaded(path: Path, _modified: int, _size: int) -> Policy:
    return load(path)


def role(name: str) -> Role:
    """The role of that name in the policy in force.

    Raises:
        UnknownRole: with the nearest known ones.
    """
    return policy().role(name)
