-- A purchase of glasses is followed for 36 months: did the customer buy glasses again, in the same structure? A second
-- purchase counts after more than 90 days (sooner, it belongs to the first) and strictly before the 36 months end.
-- Purchases that have not been followed that long are left out, so that recent months don't look disloyal. Purchases
-- of other structures don't count: what a structure sees of its customers is what it sold them.
with sale_lines as (
    select * from {{ ref('fct_optical_sale_lines') }}
),

-- What a customer buys on one day is one purchase.
purchases as (
    select
        structure_id,
        person_id,
        sold_on,
        min(_key) as _key,
        min(sale_id) as sale_id,
        min(site_id) as site_id,
        min(person_age_band) as person_age_band,
        min(person_sex) as person_sex,
        min(person_commune_code) as person_commune_code
    from sale_lines
    where pair_number = 1 and not is_credit_note
    group by structure_id, person_id, sold_on
),

last_day as (
    select max(sold_on) as known_until_on from sale_lines
),

windows as (
    select
        *,
        cast({{ dbt.dateadd('day', renewal_after_days(), 'sold_on') }} as date) as repeats_until_on,
        cast({{ dbt.dateadd('month', 36, 'sold_on') }} as date) as renewal_due_on
    from purchases
),

followed as (
    select
        windows.*,
        again.next_sold_on
    from windows
    left join (
        select
            windows._key,
            min(purchases.sold_on) as next_sold_on
        from windows
        inner join purchases
            on
                windows.structure_id = purchases.structure_id
                and windows.person_id = purchases.person_id
                and windows.repeats_until_on < purchases.sold_on
        group by windows._key
    ) as again on windows._key = again._key
),

final as (
    select
        followed._key,
        followed.sale_id,
        followed.structure_id,
        followed.site_id,
        followed.person_id,
        followed.person_age_band,
        followed.person_sex,
        followed.person_commune_code,
        {{ dbt.datediff('followed.sold_on', 'followed.next_sold_on', 'day') }} as days_to_next_purchase,
        coalesce(followed.next_sold_on < followed.renewal_due_on, false) as is_renewed,
        followed.sold_on,
        followed.next_sold_on,
        followed.renewal_due_on
    from followed
    cross join last_day
    where followed.renewal_due_on <= last_day.known_until_on
)

select * from final
