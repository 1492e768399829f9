-- On one day an act has one cap: with two, it would be counted twice.
select
    earlier.act_code,
    earlier.valid_from,
    later.valid_from as other_valid_from
from {{ ref('dental_fee_caps') }} as earlier
inner join {{ ref('dental_fee_caps') }} as later
    on
        earlier.act_code = later.act_code
        and earlier.valid_from < later.valid_from
where earlier.valid_to is null or earlier.valid_to >= later.valid_from
