-- On one day a grouping code is in one basket: with two, each of its acts would be counted in both.
select
    earlier.grouping_code,
    earlier.valid_from,
    later.valid_from as other_valid_from
from {{ ref('dental_baskets') }} as earlier
inner join {{ ref('dental_baskets') }} as later
    on
        earlier.grouping_code = later.grouping_code
        and earlier.valid_from < later.valid_from
where earlier.valid_to is null or earlier.valid_to >= later.valid_from
