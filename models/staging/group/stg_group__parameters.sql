with records as (
    {{ current_records(source('group', 'group_parameters')) }}
),

final as (
    select
        _key,
        _batch,
        _file,
        _line,
        parameter,
        subject,
        territory,
        value,
        unit,
        status,
        source,
        valid_from,
        valid_to
    from records
)

select * from final
