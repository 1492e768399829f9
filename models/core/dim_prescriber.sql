with practices as (
    select * from {{ ref('stg_geo__prescribers') }}
),

ranked as (
    select
        *,
        count(practice_id) over (partition by prescriber_id) as practices,
        row_number() over (partition by prescriber_id order by practice_id nulls last) as rank_of_practice
    from practices
),

final as (
    select
        prescriber_id,
        profession_code,
        profession,
        speciality_code,
        speciality,
        practice_mode,
        postcode,
        commune_code,
        practices
    from ranked
    where rank_of_practice = 1
)

select * from final
