with records as (
    {{ current_records(source('optical', 'optical_purchases')) }}
),

final as (
    select
        _key,
        _batch,
        _file,
        _line,
        structure_id,
        product_code,
        product_label,
        supplier,
        family,
        unit_cost_eur,
        valid_from_on,
        -- A price holds until the day before the next one; the last has no end.
        lead(valid_from_on) over (partition by structure_id, product_code order by valid_from_on) as valid_before_on
    from records
)

select * from final
