with records as (
    {{ current_records(source('optical', 'optical_sale_lines')) }}
),

final as (
    select
        _key,
        _batch,
        _file,
        _line,
        sale_id,
        structure_id,
        site_id,
        person_id,
        quote_id,
        optician_code,
        product_code,
        item,
        item_class,
        lens_design,
        line_number,
        pair_number,
        quantity,
        discount_eur,
        net_eur,
        net_excl_vat_eur,
        amo_eur,
        amc_eur,
        household_eur,
        item in ('left_lens', 'right_lens') as is_lens,
        item = 'frame' as is_frame,
        is_third_party,
        sold_on,
        delivered_on,
        changed_at
    from records
)

select * from final
