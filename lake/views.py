"""Saved views: a name for the address of a page, kept for its owner, shared with a role, or official for everybody.

    views = Views(store.views)
    view = views.save("Ventes par site", page="explore", address={"show": ["audio_net_sales_eur"]}, scope=scope)
    views.visible(scope)

A view holds a question and no answer: whoever opens it asks with their own scope, so that it never shows them more.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from lake.access import Scope, role
from lake.errors import AccessDenied, UnknownView, ViewError

Audience = Literal["private", "role", "official"]

#: What an address can reasonably hold, in characters.
LONGEST_ADDRESS = 8_000


class View(BaseModel):
    """One saved view. `owner` made it; `role` is the one it is shared with, None unless it is shared so."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    name: str = Field(min_length=1, max_length=80)
    page: str
    address: dict[str, tuple[str, ...]]
    owner: str
    owner_role: str
    audience: Audience
    role: str | None = None
    created_at: datetime
    used_at: datetime
    uses: int = 0

    @field_validator("name")
    @classmethod
    def _one_line(cls, name: str) -> str:
        return one_line(name)

    @model_validator(mode="after")
    def _is_whole(self) -> View:
        if (self.audience == "role") != (self.role is not None):
            raise ValueError("a view shared with a role names it, and no other does")
        if sum(len(value) for values in self.address.values() for value in values) > LONGEST_ADDRESS:
            raise ValueError("the view holds more than an address can")
        return self

    def is_visible_to(self, scope: Scope) -> bool:
        """Its owner, the role that it is shared with, or everybody if it is official."""
        shared = self.audience == "official" or (self.audience == "role" and self.role == scope.role.name)
        return shared or self.is_owned_by(scope)

    def is_owned_by(self, scope: Scope) -> bool:
        return (self.owner, self.owner_role) == (scope.who, scope.role.name)


class Documents(Protocol):
    """What views need of the store (`store.views`)."""

    def put(self, id: str, document: Mapping[str, Any]) -> None: ...

    def get(self, id: str) -> dict[str, Any] | None: ...

    def find(
        self, where: Mapping[str, Any] | None = None, *, order: str = "", limit: int = 0
    ) -> list[dict[str, Any]]: ...

    def remove(self, id: str) -> None: ...


class Views:
    """The saved views of the lake, as one person may see and change them."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents

    def visible(self, scope: Scope, page: str | None = None) -> list[View]:
        """The views that may be seen, official ones first, then the last used."""
        kept = [_view(d) for d in self._documents.find({} if page is None else {"page": page}, order="used_at")]
        return sorted((v for v in kept if v.is_visible_to(scope)), key=lambda v: v.audience != "official")

    def save(
        self,
        name: str,
        *,
        page: str,
        address: Mapping[str, Sequence[str]],
        scope: Scope,
        audience: Audience = "private",
        shared_with: str | None = None,
    ) -> View:
        """Keep a view. Under a name that its owner has used on the page already, it replaces that one.

        Raises:
            ViewError: the name is empty or too long, or the view too large.
            UnknownRole: it is shared with no role of the policy; with the nearest.
            AccessDenied: it would be official, and the role may not publish.
        """
        if not one_line(name):
            raise ViewError("A view needs a name.", remedy="Give it one of 1 to 80 characters.")
        if audience == "official":
            require_official(scope)
        if shared_with is not None:
            role(shared_with)
        now = datetime.now(UTC)
        try:
            view = View(
                id=secrets.token_urlsafe(9),
                name=name,
                page=page,
                address={key: tuple(values) for key, values in address.items()},
                owner=scope.who,
                owner_role=scope.role.name,
                audience=audience,
                role=shared_with,
                created_at=now,
                used_at=now,
            )
        except ValidationError as error:
            why = "; ".join(str(e["msg"]) for e in error.errors())
            raise ViewError(
                f"The view can't be saved: {why}.", remedy="Give it a name of 1 to 80 characters."
            ) from error
        mine = (v for v in self.visible(scope, page) if v.is_owned_by(scope) and v.name == view.name)
        if (same := next(mine, None)) is not None:
            view = view.model_copy(update={"id": same.id, "created_at": same.created_at, "uses": same.uses})
        self._put(view)
        return view

    def open(self, id: str, scope: Scope) -> View:
        """The view, its use noted.

        Raises:
            UnknownView: there is none, or not for this reader: the two can't be told apart.
        """
        view = self._get(id, scope)
        used = view.model_copy(update={"used_at": datetime.now(UTC), "uses": view.uses + 1})
        self._put(used)
        return used

    def remove(self, id: str, scope: Scope) -> None:
        """Forget a view: its owner's right, and for an official one that of whoever may publish.

        Raises:
            UnknownView: there is none, or not for this reader.
            AccessDenied: it is somebody else's.
        """
        view = self._get(id, scope)
        if not self.can_remove(view, scope):
            raise AccessDenied(f"The view '{view.name}' belongs to {view.owner}.", remedy="Ask its owner to remove it.")
        self._documents.remove(view.id)

    @staticmethod
    def can_remove(view: View, scope: Scope) -> bool:
        return view.is_owned_by(scope) or (view.audience == "official" and scope.allows("publish"))

    def _get(self, id: str, scope: Scope) -> View:
        found = self._documents.get(id)
        view = _view({"id": id, **found}) if found is not None else None
        if view is None or not view.is_visible_to(scope):
            raise UnknownView(id, (), remedy="It was removed, or is not shared with this role.")
        return view

    def _put(self, view: View) -> None:
        document = view.model_dump(mode="python")
        document["address"] = {key: list(values) for key, values in view.address.items()}
        self._documents.put(document.pop("id"), document)


def one_line(name: str) -> str:
    """A name on one line, without signs that can't be seen."""
    return " ".join("".join(c if c.isprintable() else " " for c in name).split())


def require_official(scope: Scope) -> None:
    """Go on only if the role may make a view official, which is to publish it.

    Raises:
        AccessDenied: it may not.
    """
    if not scope.allows("publish"):
        raise AccessDenied(
            f"Role '{scope.role.name}' may not make a view official.",
            remedy="Share it with a role, or keep it private.",
        )


def _view(document: Mapping[str, Any]) -> View:
    return View.model_validate(dict(document))
