with records as (
    {{ current_records(source('dental', 'dental_quote_lines')) }}
),

final as (
    select
        _key,
        _batch,
        _file,
        _line,
        quote_id || '-' || cast(line_number as string) as quote_line_id,
        quote_id,
        line_number,
        structure_id,
        site_id,
        practitioner_id,
        person_id,
        tooth,
        act_code,
        grouping_code,
        fee_eur,
        base_eur,
        status,
        quoted_on,
        decided_on,
        changed_at
    from records
)

select * from final
