with chairs as (
    select * from {{ ref('stg_dental__chairs') }}
),

final as (
    select
        _key,
        chair_day_id,
        structure_id,
        site_id,
        chair_key,
        practitioner_id,
        opens_at,
        open_hours,
        opened_on
    from chairs
)

select * from final
