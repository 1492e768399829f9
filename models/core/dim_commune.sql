with communes as (
    select * from {{ ref('stg_geo__communes') }}
),

zones as (
    select * from {{ ref('school_zones') }}
),

final as (
    select
        communes._key,
        communes.commune_code,
        communes.commune_name,
        communes.postcode,
        communes.department_code,
        communes.department_name,
        communes.region_name,
        zones.zone as school_zone,
        communes.latitude,
        communes.longitude,
        communes.population,
        communes.population_00_05,
        communes.population_06_15,
        communes.population_16_29,
        communes.population_30_44,
        communes.population_45_59,
        communes.population_60_74,
        communes.population_75_plus
    from communes
    left join zones on communes.department_code = zones.department_code
)

select * from final
