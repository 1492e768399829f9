with records as (
    {{ current_records(source('optical', 'optical_quotes')) }}
),

final as (
    select
        _key,
        _batch,
        _file,
        _line,
        quote_id,
        structure_id,
        site_id,
        person_id,
        sale_id,
        optician_code,
        equipment,
        lens_design,
        last_stage,
        outcome,
        refusal_reason,
        amount_eur,
        amo_eur,
        amc_eur,
        is_class_a,
        outcome = 'sold' as is_sold,
        outcome <> 'pending' as is_decided,
        quoted_on,
        decided_on,
        changed_at
    from records
)

select * from final
