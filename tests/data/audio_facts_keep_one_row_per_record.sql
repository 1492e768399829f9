-- Facts are joined to people, prescriptions and fittings. A join that meets two rows would count a device twice, and
-- nobody would see it in a rate: so the rows and the euros of a fact are those of its staging model, no more, no less.
with counted as (
    select
        'fittings' as fact,
        (select count(*) from {{ ref('stg_audio__fittings') }}) as staged,
        (select count(*) from {{ ref('fct_audio_fittings') }}) as kept,
        (select sum(price_eur) from {{ ref('stg_audio__fittings') }}) as staged_eur,
        (select sum(price_eur) from {{ ref('fct_audio_fittings') }}) as kept_eur
    union all
    select
        'returns' as fact,
        (select count(*) from {{ ref('stg_audio__returns') }}) as staged,
        (select count(*) from {{ ref('fct_audio_returns') }}) as kept,
        (select sum(refund_eur) from {{ ref('stg_audio__returns') }}) as staged_eur,
        (select sum(refund_eur) from {{ ref('fct_audio_returns') }}) as kept_eur
    union all
    select
        'trials' as fact,
        (select count(*) from {{ ref('stg_audio__trials') }}) as staged,
        (select count(*) from {{ ref('fct_audio_trials') }}) as kept,
        (select sum(quoted_eur) from {{ ref('stg_audio__trials') }}) as staged_eur,
        (select sum(quoted_eur) from {{ ref('fct_audio_trials') }}) as kept_eur
)

select *
from counted
where staged <> kept or staged_eur <> kept_eur
