with people as (
    select * from {{ ref('stg_group__people') }}
),

final as (
    select
        _key,
        person_id,
        structure_id,
        sex,
        commune_code,
        scheme,
        birth_on,
        enrolled_on
    from people
)

select * from final
