-- The fan-out trap: a sale has many lines and may have many claims. Lines and claims are facts of their own, and
-- nothing joins one to the other; the amounts of each must be those of its staging model, to the cent. Joining them
-- by sale would multiply the amounts of each by the number of the other.
with counted as (
    select
        'sale_lines' as fact,
        (select count(*) from {{ ref('stg_optical__sale_lines') }}) as staged,
        (select count(*) from {{ ref('fct_optical_sale_lines') }}) as kept,
        (select sum(net_eur) from {{ ref('stg_optical__sale_lines') }}) as staged_eur,
        (select sum(net_eur) from {{ ref('fct_optical_sale_lines') }}) as kept_eur
    union all
    select
        'claims' as fact,
        (select count(*) from {{ ref('stg_optical__claims') }}) as staged,
        (select count(*) from {{ ref('fct_optical_claims') }}) as kept,
        (select sum(claimed_eur) from {{ ref('stg_optical__claims') }}) as staged_eur,
        (select sum(claimed_eur) from {{ ref('fct_optical_claims') }}) as kept_eur
)

select *
from counted
where staged <> kept or staged_eur <> kept_eur
