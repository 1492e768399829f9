-- A nursery that bills more of what it does not provide is never paid a higher price: a ceiling that rises with the
-- billing rate is a typing error of the seed.
select *
from {{ ref('childcare_psu_ceilings') }}
where
    floor_eur > full_eur
    or middle_eur > full_eur
    or floor_eur > middle_eur
    or low_rate >= high_rate
    or (rule = 'steps' and middle_eur is null)
