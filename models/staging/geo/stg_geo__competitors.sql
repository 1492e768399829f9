with records as (
    {{ current_records(source('geo', 'geo_competitors')) }}
),

final as (
    select
        _key,
        _batch,
        _file,
        _line,
        osm_id,
        name,
        brand,
        -- One object can carry several tags: the most telling one decides.
        case
            when shop = 'optician' then 'optical'
            when shop = 'hearing_aids' or healthcare = 'audiologist' then 'audio'
            when amenity = 'dentist' or healthcare = 'dentist' then 'dental'
            when amenity in ('kindergarten', 'childcare') then 'childcare'
        end as line,
        postcode,
        city,
        latitude,
        longitude,
        changed_at
    from records
)

select * from final
