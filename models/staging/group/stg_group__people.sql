with records as (
    {{ current_records(source('group', 'group_people')) }}
),

final as (
    select
        _key,
        _batch,
        _file,
        _line,
        person_id,
        structure_id,
        sex,
        commune_code,
        scheme,
        birth_on,
        enrolled_on,
        changed_at
    from records
)

select * from final
