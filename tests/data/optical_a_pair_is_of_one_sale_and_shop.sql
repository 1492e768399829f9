-- Pairs are counted by sale and pair number. Were one sale's number given by two shops or on two days, its pairs would
-- be counted once in the total and once in each shop, and the shops would not add up to their structure. A credit note
-- has a day of its own, and is no pair.
select
    sale_id,
    count(distinct site_id) as sites,
    count(distinct sold_on) as days
from {{ ref('fct_optical_sale_lines') }}
where not is_credit_note
group by sale_id
having count(distinct site_id) > 1 or count(distinct sold_on) > 1
