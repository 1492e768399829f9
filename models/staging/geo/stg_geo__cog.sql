with records as (
    {{ current_records(source('geo', 'geo_cog')) }}
),

final as (
    select
        _key,
        _batch,
        _file,
        _line,
        commune_type,
        commune_code,
        commune_name,
        department_code,
        region_code,
        parent_code,
        cog_year
    from records
)

select * from final
