"""The finance page: its statement is the semantic layer's, down to the entries, within the persona's scope."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from group import Group
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

from apps.screens.finance.table import amount, cents
from apps.words import escaped, say
from lake import access, semantic
from lake.errors import AccessDenied
from lake.semantic import Filter
from lake.settings import PROJECT, settings

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

YEAR = {"since": date(2025, 1, 1), "until": date(2025, 12, 31)}
MARCH = {"since": date(2025, 3, 1), "until": date(2025, 3, 31)}
AMOUNT = "finance_amount_eur"


def opened(role: str = "group-director", **address: str | list[str]) -> AppTest:
    """The page in English, as a persona opens it by a link, over the whole year in euros unless it says otherwise."""
    app = AppTest.from_file(str(PROJECT / "apps" / "portal.py"), default_timeout=120)
    app.query_params["as"] = role
    app.query_params["lang"] = "en"
    app._page_hash = calc_hash("finance")  # AppTest.switch_page knows only pages that are files
    for name, value in ({"month": "2025-12", "unit": "€"} | address).items():
        app.query_params[name] = value
    return app.run()


def asked(metric: str, role: str = "group-director", **more: Any) -> Decimal | None:
    value: Decimal | None = semantic.query([metric], scope=access.scope(role), **more).table.column(metric)[0].as_py()
    return value


def row(app: AppTest, label: str) -> str:
    """The cells of one row of the statement, as text."""
    [table] = [e.proto.body for e in app.get("html") if 'class="statement' in e.proto.body]
    [found] = [r for r in table.split("<tr") if f'<th scope="row">{label}</th>' in unescape(r)]
    return unescape(found)


def tables(app: AppTest) -> list[Any]:
    return [frame.value for frame in app.dataframe]


@pytest.mark.parametrize("role", ["group-director", "structure-director"])
@pytest.mark.parametrize(
    ("label", "metric"),
    [
        ("revenue", "finance_revenue_eur"),
        ("operating_result", "finance_operating_result_eur"),
        ("current_result", "finance_current_result_eur"),
        ("net_result", "finance_net_result_eur"),
    ],
)
def test_the_results_of_the_statement_are_the_indicators(in_group: Group, role: str, label: str, metric: str) -> None:
    shown = row(opened(role), say(f"finance.row.{label}", "en"))
    now, before = asked(metric, role, **YEAR), asked(metric, role, since=date(2024, 1, 1), until=date(2024, 12, 31))
    assert shown.count(f">{amount(now, 'en', thousands=False)}<") >= 1
    assert shown.count(f">{amount(before, 'en', thousands=False)}<") >= 1


def test_the_budget_stands_beside_the_actual_amounts(in_group: Group) -> None:
    shown = row(opened(), say("finance.row.revenue", "en"))
    assert f">{amount(asked('finance_budget_revenue_eur', **YEAR), 'en', thousands=False)}<" in shown


def test_a_month_is_only_that_month(in_group: Group) -> None:
    app = opened()
    app.selectbox(key="finance-month").set_value(date(2025, 3, 1))
    app.segmented_control(key="finance-span").set_value("month").run()
    assert not app.exception and not app.error
    shown = row(app, say("finance.row.revenue", "en"))
    for metric in ("finance_revenue_eur", "finance_budget_revenue_eur"):
        assert f">{amount(asked(metric, **MARCH), 'en', thousands=False)}<" in shown


def test_a_link_reopens_the_same_statement(in_group: Group) -> None:
    app = opened(structures=["S02", "S01"], month="2024-03", span="year", line="wages")
    assert not app.exception and not app.error
    assert {i.value for i in app.info} <= {say("finance.no_budget", "en")}  # a small sample budgets its last years only
    assert app.multiselect(key="finance-structures").value == ["S02", "S01"]
    assert app.selectbox(key="finance-line").value == "wages"
    whole = {"since": date(2024, 1, 1), "until": date(2024, 12, 31)}
    of_two = asked("finance_revenue_eur", where=[Filter("structure", "in", ("S01", "S02"))], **whole)
    assert f">{amount(of_two, 'en', thousands=False)}<" in row(app, say("finance.row.revenue", "en"))
    app.segmented_control(key="finance-span").set_value("to_date").run()
    assert app.query_params["structures"] == ["S02", "S01"]
    assert "span" not in app.query_params and app.query_params["unit"] == "€"


def test_a_link_to_another_structure_shows_no_more_than_the_persona_sees(in_group: Group) -> None:
    app = opened("structure-director", structures=["S02"], month="1999-13", account="1")
    assert not app.exception and not app.error
    assert app.multiselect(key="finance-structures").value == []
    assert sum("structures=S02" in info.value and escaped("month=1999-13") in info.value for info in app.info) == 1
    own = asked("finance_revenue_eur", "structure-director", **YEAR)
    assert f">{amount(own, 'en', thousands=False)}<" in row(app, say("finance.row.revenue", "en"))


def test_structures_and_the_sites_of_one_stand_side_by_side(in_group: Group) -> None:
    for level, address in (("structure", {}), ("site", {"structures": "S02"})):
        app = opened(view=level, **address)
        assert not app.exception and not app.error and not app.info
        shown = row(app, say("finance.row.revenue", "en"))
        where = [Filter("structure", "=", ("S02",))] if address else []
        answer = semantic.query(
            ["finance_revenue_eur"], by=[level], where=where, scope=access.scope("group-director"), **YEAR
        )
        revenues = [r["finance_revenue_eur"] for r in answer.table.to_pylist() if r["finance_revenue_eur"]]
        assert len(revenues) > 1
        for revenue in (sum(revenues), *revenues):
            assert f">{amount(revenue, 'en', thousands=False)}<" in shown


def test_the_month_stands_beside_the_year_to_date(in_group: Group) -> None:
    app = opened(view="both", month="2025-03")
    shown = row(app, say("finance.row.revenue", "en"))
    for period in (MARCH, {"since": date(2025, 1, 1), "until": date(2025, 3, 31)}):
        for metric in ("finance_revenue_eur", "finance_budget_revenue_eur"):
            assert f">{amount(asked(metric, **period), 'en', thousands=False)}<" in shown


def test_a_director_of_one_structure_has_its_sites_and_no_column_of_structures(in_group: Group) -> None:
    app = opened("structure-director", view="site")
    assert not app.exception and not app.error and not app.info
    assert say("finance.views.structure", "en") not in app.segmented_control(key="finance-view").options
    assert not app.multiselect(key="finance-sites").disabled
    assert say("finance.section.peer", "en") in [s.value for s in app.subheader]


def test_what_has_no_budget_says_so_in_its_cell(in_group: Group) -> None:
    assert say("finance.table.none.budget", "en") in row(opened(), say("finance.row.exceptional_result", "en"))


def test_the_net_result_stands_beside_a_budget_that_plans_its_tax(in_group: Group) -> None:
    app = opened()
    for label in ("Income tax", "Employees' profit share", say("finance.row.net_result", "en")):
        shown = row(app, label)
        assert say("finance.table.none.budget", "en") not in shown
        assert say("finance.table.none.whole_budget", "en") not in shown


def test_what_is_budgeted_by_the_month_and_booked_once_a_year_is_said_before_it_is(in_group: Group) -> None:
    said = say("finance.unbooked", "en", lines="").partition(":")[0]
    whole_years = "structure-director"  # Of structures whose year ends within it, some have booked it by June.
    (told,) = (c.value for c in opened(whole_years, month="2025-06").caption if c.value.startswith(said))
    assert "Financial income" in told
    assert not [c for c in opened(whole_years).caption if c.value.startswith(said)]


def test_the_statement_goes_down_to_the_entries_of_an_account(in_group: Group) -> None:
    app = opened()
    app.selectbox(key="finance-line").set_value("wages").run()
    assert not app.exception and not app.error
    accounts, entries = tables(app)
    wages = asked(AMOUNT, where=[Filter("income_line", "=", ("wages",))], **YEAR)
    assert wages is not None
    assert sum(accounts["amount"].dropna()) == -wages
    account = app.selectbox(key="finance-account").value
    of_account = accounts.set_index("account").loc[account, "amount"]
    sides = {n: sum(Decimal(t.replace(",", "")) for t in entries[n] if t) for n in ("debit", "credit")}
    assert sides["debit"] - sides["credit"] == of_account
    assert set(entries["account"]) == {account}
    assert entries["number"].notna().all() and entries["piece"].notna().all() and entries["journal"].notna().all()
    assert any(cents(of_account, "en") in caption.value for caption in app.caption)


def test_a_director_reads_no_entry_of_another_structure(in_group: Group) -> None:
    _, entries = tables(opened("structure-director"))
    assert set(entries["structure"]) == {"S01"}


def test_without_the_permission_to_drill_there_are_accounts_but_no_entries(
    in_group: Group, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy = tmp_path / "policy.yml"
    policy.write_text(
        "default: reader\nroles:\n  reader:\n    label_fr: Lecture\n    label_en: Reader\n"
        "    lines: '*'\n    structures: '*'\n    permissions: [read]\n"
    )
    monkeypatch.setenv("LAKE_POLICY", str(policy))
    settings.cache_clear()
    app = opened("reader")
    assert not app.exception and not app.error
    assert len(tables(app)) == 1
    assert say("finance.no_drill", "en") in [info.value for info in app.info]
    for single in ("entry_number", "piece_reference", "debit_eur"):
        with pytest.raises(AccessDenied):
            semantic.query([AMOUNT], by=[single], scope=access.scope("reader"))
