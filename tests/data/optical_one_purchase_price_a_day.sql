-- A line takes its cost from the purchase price in force on the day of the sale. Two prices on one day would repeat
-- the line and sell it twice; the periods of a product must not overlap.
select
    earlier.structure_id,
    earlier.product_code,
    earlier.valid_from_on,
    earlier.valid_before_on,
    later.valid_from_on as next_from_on
from {{ ref('stg_optical__purchases') }} as earlier
inner join {{ ref('stg_optical__purchases') }} as later
    on
        earlier.structure_id = later.structure_id
        and earlier.product_code = later.product_code
        and earlier.valid_from_on < later.valid_from_on
where earlier.valid_before_on is null or earlier.valid_before_on > later.valid_from_on
