with records as (
    {{ current_records(source('dental', 'dental_acts')) }}
),

final as (
    select
        _key,
        _batch,
        _file,
        _line,
        site_id || '-' || chair_id as chair_key,
        act_id,
        structure_id,
        site_id,
        chair_id,
        practitioner_id,
        person_id,
        quote_id,
        tooth,
        act_code,
        grouping_code,
        fee_eur,
        base_eur,
        amo_eur,
        amc_eur,
        household_eur,
        performed_on,
        changed_at
    from records
)

select * from final
