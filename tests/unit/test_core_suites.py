"""Each expectation of the shared dimensions holds on good rows and finds the row that breaks it."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from lake.checks import suites
from lake.checks.suites import Expectation, Suite

GOOD = """
    attach ':memory:' as core;
    use core;
    create schema atomic;
    create schema staging;
    create table atomic.parameter_names as select 'audio_cap' as parameter, 'eur' as unit;
    create table atomic.parameters as
        select 'audio_cap' as parameter, 'I' as subject, 'france' as territory, date '2021-01-01' as valid_from,
            950.0 as value, 'official' as status;
    create table atomic.dim_parameter as from atomic.parameters;
    create table staging.stg_group__parameters as
        select *, 'eur' as unit, null::date as valid_to from atomic.parameters;
    create table atomic.dim_structure as
        select unnest(['S01', 'S02']) as structure_id, date '2010-01-01' as joined_on, true as is_active,
            'Lyon' as commune_name;
    create table atomic.dim_site as
        select * from (values
            ('S01-AUD-01', 'S01', 'audio', '99900001200011', 'Roanne', 2,
             date '2010-01-01', date '2023-09-01', date '2010-01-01', null::date),
            ('S01-AUD-01', 'S02', 'audio', '99900001200011', 'Roanne', 3,
             date '2023-09-01', null, date '2010-01-01', null),
            ('S01-HQ-01', 'S01', 'group', '99900001200029', 'Lyon', null,
             date '1990-01-01', null, date '1990-01-01', null)
        ) as t (site_id, structure_id, line, siret, commune_name, capacity, valid_from, valid_to, opened_on, closed_on);
    create table atomic.dim_person as
        select repeat('A', 26) as person_id, 'S01' as structure_id, date '1950-02-28' as birth_on,
            date '2015-06-01' as enrolled_on;
    create table atomic.fct_group_staff as
        select 'S01' as structure_id, 'S01-AUD-01' as site_id, date '2023-08-01' as month_on, 1.8 as fte, 2 as headcount
        union all select 'S02', 'S01-AUD-01', date '2023-09-01', 1.8, 2;
    create table atomic.dim_commune as
        select '42187' as commune_code, '42' as department_code, 70 as population, 10 as population_00_05,
            10 as population_06_15, 10 as population_16_29, 10 as population_30_44, 10 as population_45_59,
            10 as population_60_74, 10 as population_75_plus;
    create table atomic.dim_prescriber as
        select * from (values ('1', '10', 'SM39', '42187', 1), ('2', '10', 'SM38', '42187', 2),
            ('3', '28', null, null, 0))
            as t (prescriber_id, profession_code, speciality_code, commune_code, practices);
    create table atomic.dim_competitor as
        select * from (values
            ('node/1', 'optical', 'Optique du Centre', 46.03, 4.07), ('node/2', 'optical', 'Vue Océan', -20.88, 55.45),
            ('node/3', 'audio', 'Audition Sud', 14.6, -61.07)
        ) as t (osm_id, line, name, latitude, longitude);
"""

#: What is expected → the statement after which it no longer holds.
SPOILT = {
    "The group has sites.": "delete from atomic.dim_site",
    "A site's period ends after it began.": (
        "update atomic.dim_site set valid_to = valid_from where valid_to is not null"
    ),
    "A site has a single period that goes on.": "update atomic.dim_site set valid_to = null",
    "A site's code tells its line of business.": "update atomic.dim_site set line = 'dental' where line = 'audio'",
    "A site changes neither its line of business nor its SIRET.": (
        "update atomic.dim_site set siret = '99900001200037' where valid_to is not null"
    ),
    "The commune of every site is known.": "update atomic.dim_site set commune_name = null",
    "No site closed before it opened.": "update atomic.dim_site set closed_on = opened_on - 1",
    "Every site has a capacity.": "update atomic.dim_site set capacity = 0",
    "The group has members.": "delete from atomic.dim_person",
    "Nobody is enrolled before being born.": "update atomic.dim_person set enrolled_on = birth_on - 1",
    "Nobody is over 115 years old.": "update atomic.dim_person set birth_on = date '1901-01-01'",
    "No member number is in clear.": "update atomic.dim_person set person_id = '900000001'",
    "Every member's structure is known.": "update atomic.dim_person set structure_id = 'S99'",
    "Full-time equivalents don't exceed the headcount.": "update atomic.fct_group_staff set headcount = 1",
    "A month is dated by its first day.": "update atomic.fct_group_staff set month_on = month_on + 1",
    "A site's staff is declared by the structure that it belongs to in the month.": (
        "update atomic.fct_group_staff set structure_id = 'S01'"
    ),
    "Every loaded parameter is known and in its unit (the shipped value stays otherwise).": (
        "update staging.stg_group__parameters set unit = 'rate'"
    ),
    "No loaded value ends before it begins.": "update staging.stg_group__parameters set valid_to = valid_from - 1",
    "Two official values of one day are equal (the loaded one holds).": (
        "update staging.stg_group__parameters set value = 951"
    ),
    "The age bands make the population.": "update atomic.dim_commune set population = 71",
    "A commune's code begins with its département's.": "update atomic.dim_commune set department_code = '69'",
    "No structure joins the group on a day to come.": "update atomic.dim_structure set joined_on = current_date + 1",
    "Every structure of the group has at least one site.": "delete from atomic.dim_site where structure_id = 'S02'",
    "The commune of every structure's head office is known.": "update atomic.dim_structure set commune_name = null",
    "Only doctors have a medical speciality.": "update atomic.dim_prescriber set profession_code = '28'",
    "There are ENT doctors among the prescribers.": "delete from atomic.dim_prescriber where speciality_code = 'SM39'",
    "The commune of practice is missing for one practising prescriber in five at most.": (
        "update atomic.dim_prescriber set commune_code = null where speciality_code = 'SM39'"
    ),
    "Every competitor is in France, mainland or overseas.": (
        "update atomic.dim_competitor set latitude = longitude, longitude = latitude where osm_id = 'node/1'"
    ),
    "No competitor is drawn twice in the same place.": "insert into atomic.dim_competitor from atomic.dim_competitor",
}

SUITES = suites.load("core")


@pytest.fixture
def core() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute(GOOD)
        yield connection


def broken(core: duckdb.DuckDBPyConnection) -> set[str]:
    return {e.says_en for suite in SUITES for e in suite.expectations if not holds(core, suite, e)}


def holds(core: duckdb.DuckDBPyConnection, suite: Suite, expected: Expectation) -> bool:
    """What the expectation's own engine would say, in plain SQL."""
    table = f"core.{suite.table}"
    if expected.expectation == "no_rows":
        return not core.execute(expected.parameters["sql"].replace("{table}", table)).fetchall()
    assert expected.expectation == "expect_table_row_count_to_be_between"
    (count,) = core.execute(f"select count(*) from {table}").fetchall()[0]
    return bool(count >= expected.parameters["min_value"])


def test_good_rows_meet_every_expectation(core: duckdb.DuckDBPyConnection) -> None:
    assert broken(core) == set()


def test_every_expectation_has_rows_that_break_it() -> None:
    assert {e.says_en for suite in SUITES for e in suite.expectations} == set(SPOILT)


@pytest.mark.parametrize("says", sorted(SPOILT))
def test_a_row_that_breaks_an_expectation_is_found(core: duckdb.DuckDBPyConnection, says: str) -> None:
    core.execute(SPOILT[says])
    assert says in broken(core)
