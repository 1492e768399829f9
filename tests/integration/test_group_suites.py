"""Each expectation of the group's suites passes on the published group and fails on the rows it is about."""

from __future__ import annotations

from pathlib import Path

import pytest
from group import Group
from spoil import Copies, Spoilt, every_expectation_is_met_and_broken

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

GROUP: Spoilt = {
    "group_services": {
        "The number of lines that a person has used never falls.": ("5 as lines_used, date '2010-01-01' as served_on"),
        "On a person's last day the lines used are as many as its lines.": "'nobody' as person_id, 4 as lines_used",
        "Nothing but refunds takes revenue away.": "-0.01 as revenue_eur where service = 'dental_act'",
        "No service is dated beyond the coming month.": "current_date + 70 as served_on",
    },
    "group_journeys": {
        "A person has one journey from a line to another.": "journey_id || 'b' as journey_id",
        "A journey leads to another line.": "first_line as next_line",
        "A journey that was followed has a number of days, another has none.": "null as days_to_next where is_followed",
        "The next line comes after the day of the first service and within 24 months.": (
            "0 as days_to_next where is_followed"
        ),
    },
}

COPIES: Copies = {
    "no_optics": (
        "delete from atomic.fct_group_services where business_line = 'optical'",
        {"Each of the four lines has revenue."},
    ),
    "late": (
        "update atomic.fct_group_services set served_on = served_on - 60 where business_line = 'audio'",
        {"No line is more than 45 days behind the others."},
    ),
    "strangers": (
        "update atomic.fct_group_services set person_id = person_id || business_line, lines_used = 1; "
        "insert into atomic.fct_group_services select one.* replace ('p' || n as person_id) "
        "from (select * from atomic.fct_group_services limit 1) as one, range(1000) as r(n)",
        {"Some persons use several lines (else the lines' pseudonyms do not meet)."},
    ),
    "everybody": (
        "insert into atomic.fct_group_journeys "
        "select one.* replace ('p' || n as person_id, true as is_observed, true as is_followed, 10 as days_to_next) "
        "from (select * from atomic.fct_group_journeys where first_line = 'optical' and next_line = 'audio' limit 1) "
        "as one, range(2000) as r(n)",
        {"Fewer than half of the buyers of glasses are fitted with hearing aids within 24 months."},
    ),
}


def test_each_expectation_of_the_group_is_met_and_can_be_broken(in_group: Group, tmp_path: Path) -> None:
    every_expectation_is_met_and_broken("group", GROUP, COPIES, tmp_path)
