-- AMO, AMC and the household pay a line between them: if they don't add up to it, the three shares of net sales no
-- longer make 100 %.
select
    sale_line_id,
    net_eur,
    amo_eur + amc_eur + household_eur as shares_eur
from {{ ref('fct_optical_sale_lines') }}
where net_eur <> amo_eur + amc_eur + household_eur
