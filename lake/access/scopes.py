"""A scope: what one person may see and do, as granted by a role. Nothing else makes one."""

from __future__ import annotations

import getpass
from dataclasses import dataclass

from lake.access.roles import ALL, Permission, Role, policy
from lake.errors import AccessDenied
from lake.settings import made_from


@dataclass(frozen=True)
class Scope:
    """The rights of `who`, which are the rights of `role`: a scope can't say more than a role of the policy does."""

    role: Role
    who: str

    def __post_init__(self) -> None:
        if not isinstance(self.role, Role):
            raise TypeError("A scope is made from a role: lake.access.scope(name, who=…).")

    @property
    def structures(self) -> tuple[str, ...]:
        """Ids of the structures whose rows are seen, sorted; `("*",)` for all."""
        return tuple(sorted(set(self.role.structures)))

    @property
    def lines(self) -> tuple[str, ...]:
        """The lines seen; `("*",)` for all."""
        return self.role.lines

    @property
    def permissions(self) -> tuple[Permission, ...]:
        return self.role.permissions

    @property
    def signature(self) -> str:
        """Who acts, as which role: what is kept with a decision."""
        return f"{self.who} as {self.role.name}"

    def sees(self, line: str) -> bool:
        return self.lines == (ALL,) or line in self.lines

    def sees_mart(self, mart: str) -> bool:
        """Whether the role sees all the lines whose figures are in a mart."""
        return all(self.sees(line) for line in lines_behind(mart))

    def allows(self, permission: Permission, *lines: str | None) -> bool:
        """Whether the role has the permission, and over each of the lines named."""
        return permission in self.permissions and all(line is None or self.sees(line) for line in lines)

    def require(self, permission: Permission, *lines: str | None) -> None:
        """Go on only if the role has the permission, over each of the lines named.

        Raises:
            AccessDenied: saying which role lacks what, and which roles have it.
        """
        if self.allows(permission, *lines):
            return
        able = [r.name for r in policy().roles.values() if Scope(r, self.who).allows(permission, *lines)]
        lacking = next((line for line in lines if line is not None and not self.sees(line)), None)
        line = lacking or next((line for line in lines if line), None)
        raise AccessDenied(
            f"Role '{self.role.name}' may not {_VERBS[permission]}{f' of line {line}' if line else ''}.",
            remedy=f"Roles that may: {', '.join(able)}." if able else "No role of the policy may: see LAKE_POLICY.",
        )


def lines_behind(mart: str) -> tuple[str, ...]:
    """The lines that a role must see to read a mart: its own, and those that it is made from.

    `group` alone is the line of the shared dimensions, which analysts of one line see too; the group's mart shows the
    figures of all lines that serve persons, so it takes these as well.
    """
    return (mart, *made_from(mart))


_VERBS: dict[Permission, str] = {
    "read": "see the indicators",
    "drill": "see the atomic rows",
    "decide": "promote or retire the prototypes",
    "quarantine": "see or retry the quarantine",
    "publish": "publish or roll back the builds",
}


def scope(name: str | None = None, *, who: str | None = None) -> Scope:
    """The scope of a role of the policy (its default role unless named), for `who` (the system's user unless told).

    Raises:
        UnknownRole: with the nearest known ones. An empty name, as of a variable that is not set, is no role either.
    """
    current = policy()
    return Scope(current.role(current.default if name is None else name), who or getpass.getuser())
