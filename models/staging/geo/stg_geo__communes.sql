with records as (
    {{ current_records(source('geo', 'geo_communes')) }}
),

final as (
    select
        _key,
        _batch,
        _file,
        _line,
        commune_code,
        commune_name,
        postcode,
        department_code,
        department_name,
        region_name,
        latitude,
        longitude,
        population,
        population_00_05,
        population_06_15,
        population_16_29,
        population_30_44,
        population_45_59,
        population_60_74,
        population_75_plus
    from records
)

select * from final
