with records as (
    {{ current_records(source('group', 'group_sites')) }}
),

final as (
    select
        _key,
        _batch,
        _file,
        _line,
        site_id,
        structure_id,
        line,
        site_name,
        finess,
        siret,
        address,
        commune_code,
        latitude,
        longitude,
        capacity,
        valid_from,
        opened_on,
        closed_on,
        changed_at
    from records
)

select * from final
