with communes as (
    select * from {{ ref('stg_geo__communes') }}
),

zones as (
    select * from {{ ref('school_zones') }}
),

-- The official list names communes that the extract of populations may not have.
official as (
    select * from {{ ref('stg_geo__cog') }} where commune_type in ('COM', 'ARM')
),

departments as (
    select department_code, max(department_name) as department_name, max(region_name) as region_name
    from communes
    group by department_code
),

listed as (
    select
        coalesce(communes._key, official._key) as _key,
        coalesce(communes.commune_code, official.commune_code) as commune_code,
        coalesce(official.commune_name, communes.commune_name) as commune_name,
        coalesce(communes.department_code, official.department_code, parents.department_code) as department_code,
        communes.postcode,
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
    full join official on communes.commune_code = official.commune_code
    left join official as parents on official.parent_code = parents.commune_code
),

final as (
    select
        listed.*,
        departments.department_name,
        departments.region_name,
        zones.zone as school_zone
    from listed
    left join departments on listed.department_code = departments.department_code
    left join zones on listed.department_code = zones.department_code
)

select * from final
