with filoue as (
    select * from {{ ref('stg_childcare__filoue') }}
),

final as (
    select
        _key,
        filoue_row_id,
        structure_id,
        site_id,
        beneficiary_id,
        postal_code,
        regime,
        year,
        billed_hours,
        attended_hours,
        amount_eur,
        hourly_fee_eur,
        effort_rate,
        is_beneficiary,
        child_born_on,
        first_day_on,
        last_day_on
    from filoue
)

select * from final
