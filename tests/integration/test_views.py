"""Saved views on a real MongoDB: seen by whom they are shared with and nobody else."""

from __future__ import annotations

import pytest

from lake import access
from lake.access import Scope
from lake.errors import AccessDenied, UnknownRole, UnknownView, ViewError
from lake.store import Store
from lake.views import View, Views

ADDRESS = {"show": ["audio_net_sales_eur"], "pick": ["site_name:Chez l'Œil, 3 €", "site_region"]}


def scope(role: str, who: str = "anne") -> Scope:
    return access.scope(role, who=who)


def saved(views: Views, who: Scope, name: str = "Mine", **more: object) -> View:
    return views.save(name, page="explore", address=ADDRESS, scope=who, **more)  # type: ignore[arg-type]


def names(views: Views, who: Scope) -> list[str]:
    return [v.name for v in views.visible(who, "explore")]


def test_a_private_view_is_its_owners_alone(store: Store) -> None:
    views, anne = Views(store.views), scope("audio-analyst")
    view = saved(views, anne)
    assert names(views, anne) == ["Mine"]
    for other in (scope("audio-analyst", "bob"), scope("data-engineer"), scope("group-director", "carol")):
        assert names(views, other) == []
        with pytest.raises(UnknownView):
            views.open(view.id, other)
        with pytest.raises(UnknownView):
            views.remove(view.id, other)


def test_a_view_shared_with_a_role_is_seen_by_that_role_and_its_owner(store: Store) -> None:
    views, anne = Views(store.views), scope("audio-analyst")
    saved(views, anne, audience="role", shared_with="finance-controller")
    assert names(views, scope("finance-controller", "bob")) == ["Mine"]
    assert names(views, anne) == ["Mine"]
    assert names(views, scope("dental-analyst", "bob")) == []


def test_an_official_view_is_seen_by_all_first_and_made_by_who_may_publish(store: Store) -> None:
    views, engineer, bob = Views(store.views), scope("data-engineer"), scope("audio-analyst", "bob")
    official = saved(views, engineer, "Official", audience="official")
    saved(views, bob, "Bob's")
    assert names(views, bob) == ["Official", "Bob's"]
    with pytest.raises(AccessDenied):
        saved(views, bob, audience="official")
    with pytest.raises(AccessDenied):
        views.remove(official.id, bob)
    views.remove(official.id, scope("data-engineer", "other"))
    assert names(views, bob) == ["Bob's"]


def test_opening_gives_the_address_back_as_it_was_and_notes_the_use(store: Store) -> None:
    views, anne = Views(store.views), scope("audio-analyst")
    view = saved(views, anne)
    opened = views.open(view.id, anne)
    assert {k: list(v) for k, v in opened.address.items()} == ADDRESS
    assert (opened.uses, opened.owner) == (1, "anne")
    assert opened.used_at >= view.used_at
    assert views.open(view.id, anne).uses == 2


def test_saving_under_the_same_name_replaces_ones_own_and_never_anothers(store: Store) -> None:
    views, anne, bob = Views(store.views), scope("audio-analyst"), scope("audio-analyst", "bob")
    first = saved(views, anne)
    again = views.save("Mine", page="explore", address={"show": ["x"]}, scope=anne)
    assert again.id == first.id and again.address == {"show": ("x",)}
    assert saved(views, bob).id != first.id
    assert len(store.views.find(order="used_at")) == 2


def test_what_a_browser_may_send_is_refused_in_words(store: Store) -> None:
    views, anne = Views(store.views), scope("audio-analyst")
    for name in ("", "  \n", "x" * 81):
        with pytest.raises(ViewError):
            saved(views, anne, name)
    with pytest.raises(UnknownRole):
        saved(views, anne, audience="role", shared_with="{'$gt': ''}")
    with pytest.raises(ViewError):
        views.save("Large", page="explore", address={"pick": ["a:" + "x" * 9_000]}, scope=anne)
    with pytest.raises(UnknownView):
        views.open("$where", anne)
    assert names(views, anne) == []
