with records as (
    {{ current_records(source('group', 'group_structures')) }}
),

final as (
    select
        _key,
        _batch,
        _file,
        _line,
        structure_id,
        structure_name,
        siren,
        commune_code,
        is_active,
        joined_on,
        changed_at
    from records
)

select * from final
