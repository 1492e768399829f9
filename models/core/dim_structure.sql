with structures as (
    select * from {{ ref('stg_group__structures') }}
),

communes as (
    select * from {{ ref('stg_geo__communes') }}
),

final as (
    select
        structures._key,
        structures.structure_id,
        {{ unique_name('structures.structure_name', 'structures.structure_id') }} as structure_name,
        structures.siren,
        structures.commune_code,
        {{ unique_name('communes.commune_name', 'communes.commune_code') }} as commune_name,
        communes.department_name,
        communes.region_name,
        structures.is_active,
        structures.joined_on
    from structures
    left join communes on structures.commune_code = communes.commune_code
)

select * from final
