"""The policy: what it may say, and what a scope made from it allows."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from pydantic import ValidationError

from lake import access
from lake.access import Scope
from lake.errors import AccessDenied, SettingsError, UnknownRole
from lake.settings import LINES, PROJECT, settings

ROLE = "{label_fr: Rôle, label_en: Role, lines: [audio], structures: [S01], permissions: [read]}"


@pytest.fixture
def write_policy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "policy.yml"
    monkeypatch.setenv("LAKE_POLICY", str(path))
    settings.cache_clear()

    def write(text: str) -> Path:
        path.write_text(text, "utf-8")
        return path

    yield write
    monkeypatch.undo()
    settings.cache_clear()


def test_the_shipped_policy_has_every_persona() -> None:
    roles = access.load(Path(access.__file__).parent / "policy.yml").roles
    assert list(roles) == [
        "group-director",
        "structure-director",
        "audio-analyst",
        "dental-analyst",
        "optical-analyst",
        "childcare-analyst",
        "finance-controller",
        "data-engineer",
    ]
    assert roles["structure-director"].structures == ("S01",)
    assert [n for n, r in roles.items() if "quarantine" in r.permissions] == ["data-engineer"]
    assert [n for n, r in roles.items() if "publish" in r.permissions] == ["data-engineer"]


def test_an_analyst_sees_only_their_line() -> None:
    scope = access.scope("audio-analyst", who="Anne")
    assert [line for line in LINES if scope.sees(line)] == ["audio"]
    assert scope.who == "Anne"


def test_a_missing_permission_says_which_roles_have_it() -> None:
    with pytest.raises(
        AccessDenied, match=r"'audio-analyst' may not see or retry the quarantine of line audio"
    ) as error:
        access.scope("audio-analyst").require("quarantine", "audio")
    assert error.value.remedy == "Roles that may: data-engineer."
    access.scope("data-engineer").require("quarantine", "audio")


def test_a_permission_ends_at_the_lines_of_the_role() -> None:
    scope = access.scope("dental-analyst")
    assert scope.allows("read", "dental")
    assert not scope.allows("read", "audio")


def test_the_group_s_mart_is_for_those_who_see_every_line_that_it_adds_up() -> None:
    roles = access.policy().roles
    allowed = [name for name in roles if access.scope(name).sees_mart("group")]
    assert allowed == ["group-director", "structure-director", "finance-controller", "data-engineer"]
    analyst = access.scope("audio-analyst")
    assert analyst.sees("group"), "the shared dimensions are everybody's"
    assert analyst.sees_mart("audio")
    with pytest.raises(AccessDenied, match="'audio-analyst' may not see the indicators of line dental") as error:
        analyst.require("read", *access.lines_behind("group"))
    assert error.value.remedy == f"Roles that may: {', '.join(allowed)}."


def test_an_unknown_role_answers_with_the_nearest() -> None:
    with pytest.raises(UnknownRole, match="Did you mean audio-analyst"):
        access.role("audio-analist")


@pytest.mark.parametrize("name", ["", " "])
def test_an_empty_role_is_not_the_default_one(name: str) -> None:
    with pytest.raises(UnknownRole, match=rf"Unknown role '{name}'\. Roles are group-director, "):
        access.scope(name)


def test_a_scope_is_made_from_a_role_and_nothing_else() -> None:
    scope = access.scope("structure-director")
    with pytest.raises(TypeError):
        Scope(("S01",), "Anne")  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        dataclasses.replace(scope, structures=("*",))  # type: ignore[call-arg]
    with pytest.raises(dataclasses.FrozenInstanceError):
        scope.who = "Eve"  # type: ignore[misc]
    with pytest.raises(ValidationError):
        scope.role.structures = ("*",)


def test_a_changed_policy_is_seen_without_restart(write_policy) -> None:
    write_policy(f"default: a\nroles:\n  a: {ROLE}")
    assert access.scope().structures == ("S01",)
    write_policy(f"default: a\nroles:\n  a: {ROLE.replace('S01', 'S02, S03')}")
    assert access.scope().structures == ("S02", "S03")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("default: a\nroles: {}", "roles"),
        (f"default: b\nroles:\n  a: {ROLE}", "default 'b' is not one of the roles"),
        (f"default: a\nroles:\n  a: {ROLE.replace('audio', 'radio')}", "unknown line radio"),
        (
            f"default: a\nroles:\n  a: {ROLE.replace('[audio]', 'audio')}",
            r"a.lines: 'audio' is no list: \[audio\], or '\*'",
        ),
        (
            f"default: a\nroles:\n  a: {ROLE.replace('read', 'read, publish')}",
            "roles.a: permission publish concerns all structures at once and needs",
        ),
        (
            f"default: a\nroles:\n  a: {ROLE.replace('read', 'quarantine, publish')}",
            "permission quarantine and publish concern all structures at once and need",
        ),
        (f"default: a\nroles:\n  a: {ROLE.replace('Rôle', 'Rôle, boss: true')}", "boss"),
        (f"""default: a\nroles:\n  a: {ROLE.replace("S01", '''"S01'] or true --"''')}""", "not a structure's id"),
        (f"default: a\nroles:\n  a: {ROLE.replace('S01', '''S01, '*' ''')}", "not a structure's id"),
        ("default: [a", "not valid YAML: line 1, column 12: "),
        (f"default: a\nroles:\n  a: {ROLE}\n b: x: y", "not valid YAML: line 4, column "),
        ("default: a\x00", "not valid YAML: "),
        ("just text", "not valid"),
    ],
)
def test_a_policy_that_makes_no_sense_is_refused_with_its_fault(write_policy, text: str, fault: str) -> None:
    path = write_policy(text)
    with pytest.raises(SettingsError, match=fault) as error:
        access.policy()
    said = str(error.value)
    assert str(path) in said
    assert "\n" not in said
    assert "Value error" not in said
    assert said.endswith("lake/access/policy.yml is the model, and its head says what each key means.")
    assert (PROJECT / "lake" / "access" / "policy.yml").is_file()


def test_a_policy_that_is_not_utf_8_is_told_so(write_policy) -> None:
    write_policy("").write_bytes(f"default: a\nroles:\n  a: {ROLE}".encode("cp1252"))
    with pytest.raises(SettingsError, match="is not UTF-8 text"):
        access.policy()


def test_a_missing_policy_says_what_to_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="LAKE_POLICY"):
        access.load(tmp_path / "none.yml")
