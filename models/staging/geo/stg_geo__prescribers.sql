with records as (
    {{ current_records(source('geo', 'geo_prescribers')) }}
),

final as (
    select
        _key,
        _batch,
        _file,
        _line,
        prescriber_id,
        practice_id,
        speciality_code,
        profession_code,
        profession,
        speciality,
        practice_mode,
        siret,
        finess,
        postcode,
        commune_code
    from records
)

select * from final
