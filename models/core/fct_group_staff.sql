with staff as (
    select * from {{ ref('stg_group__staff') }}
),

final as (
    select
        _key,
        structure_id,
        site_id,
        profession,
        fte,
        headcount,
        month_on
    from staff
)

select * from final
