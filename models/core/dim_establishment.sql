with records as (
    select * from {{ ref('stg_geo__finess') }}
),

places as (
    select * from records where record_type = 'geolocalisation'
),

final as (
    select
        records._key,
        records.finess,
        records.legal_finess,
        records.establishment_name,
        records.category_code,
        records.category,
        records.siret,
        records.commune_code,
        places.latitude,
        places.longitude,
        records.opened_on
    from records
    left join places on records.finess = places.finess
    where records.record_type = 'structureet'
)

select * from final
