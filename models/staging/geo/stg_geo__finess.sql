with records as (
    {{ current_records(source('geo', 'geo_finess')) }}
),

final as (
    select
        _key,
        _batch,
        _file,
        _line,
        record_type,
        finess,
        legal_finess,
        establishment_name,
        -- Overseas, FINESS writes 9A to 9F where INSEE writes 97.
        case
            when department_code between '9A' and '9J' then '97' || commune_number
            else department_code || commune_number
        end as commune_code,
        category_code,
        category,
        siret,
        opened_on,
        latitude,
        longitude,
        extracted_on
    from records
)

select * from final
