with sites as (
    select * from {{ ref('stg_group__sites') }}
),

communes as (
    select * from {{ ref('stg_geo__communes') }}
),

zones as (
    select * from {{ ref('school_zones') }}
),

periods as (
    select
        *,
        lead(valid_from) over (partition by site_id order by valid_from) as next_valid_from
    from sites
),

final as (
    select
        periods._key,
        periods.site_id,
        periods.structure_id,
        periods.line,
        {{ unique_name('periods.site_name', 'periods.site_id') }} as site_name,
        periods.finess,
        periods.siret,
        periods.address,
        periods.commune_code,
        {{ unique_name('communes.commune_name', 'communes.commune_code') }} as commune_name,
        communes.postcode,
        communes.department_code,
        communes.department_name,
        communes.region_name,
        zones.zone as school_zone,
        periods.latitude,
        periods.longitude,
        periods.capacity,
        periods.next_valid_from is null as is_current,
        periods.valid_from,
        -- A closed site's last record holds until it closed.
        coalesce(periods.next_valid_from, periods.closed_on) as valid_to,
        periods.opened_on,
        periods.closed_on
    from periods
    left join communes on periods.commune_code = communes.commune_code
    left join zones on communes.department_code = zones.department_code
)

select * from final
