-- Acts and quote lines are joined to baskets, caps and people. A join that meets two rows would count a fee twice, and
-- nobody would see it in a share: so the rows and the euros of a fact are those of its staging model, no more, no less.
with counted as (
    select
        'acts' as fact,
        (select count(*) from {{ ref('stg_dental__acts') }}) as staged,
        (select count(*) from {{ ref('fct_dental_acts') }}) as kept,
        (select sum(fee_eur) from {{ ref('stg_dental__acts') }}) as staged_eur,
        (select sum(fee_eur) from {{ ref('fct_dental_acts') }}) as kept_eur
    union all
    select
        'quote_lines' as fact,
        (select count(*) from {{ ref('stg_dental__quote_lines') }}) as staged,
        (select count(*) from {{ ref('fct_dental_quote_lines') }}) as kept,
        (select sum(fee_eur) from {{ ref('stg_dental__quote_lines') }}) as staged_eur,
        (select sum(fee_eur) from {{ ref('fct_dental_quote_lines') }}) as kept_eur
)

select *
from counted
where staged <> kept or staged_eur <> kept_eur
