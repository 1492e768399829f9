with records as (
    {{ current_records(source('group', 'group_staff')) }}
),

final as (
    select
        _key,
        _batch,
        _file,
        _line,
        structure_id,
        site_id,
        profession,
        fte,
        headcount,
        month_on
    from records
)

select * from final
