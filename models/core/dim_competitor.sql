with competitors as (
    select * from {{ ref('stg_geo__competitors') }}
),

final as (
    select
        _key,
        osm_id,
        line,
        name,
        brand,
        postcode,
        city,
        latitude,
        longitude
    from competitors
    where line is not null
)

select * from final
