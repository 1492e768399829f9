with records as (
    {{ current_records(source('childcare', 'childcare_filoue')) }}
),

final as (
    select
        _key,
        _batch,
        _file,
        _line,
        structure_id || '-' || site_id || '-' || cast(year as string) || '-' || cast(line_number as varchar) as filoue_row_id,
        structure_id,
        site_id,
        year,
        line_number,
        caf_number,
        afc_file_number,
        equipment_id,
        is_beneficiary,
        beneficiary_id,
        regime,
        child_born_on,
        postal_code,
        town,
        billed_hours,
        attended_hours,
        amount_eur,
        hourly_fee_eur,
        effort_rate,
        first_day_on,
        last_day_on
    from records
)

select * from final
