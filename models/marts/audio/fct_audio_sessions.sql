with sessions as (
    select * from {{ ref('stg_audio__sessions') }}
),

people as (
    select person_id, birth_on, sex, commune_code from {{ ref('dim_person') }}
),

final as (
    select
        sessions._key,
        sessions.session_id,
        sessions.structure_id,
        sessions.site_id,
        sessions.person_id,
        sessions.trial_id,
        sessions.act_code,
        sessions.session_kind,
        sessions.status,
        {{ age_band('people.birth_on', 'sessions.due_on') }} as person_age_band,
        people.sex as person_sex,
        people.commune_code as person_commune_code,
        sessions.duration_minutes,
        sessions.is_first_year,
        sessions.is_due,
        sessions.is_done,
        sessions.due_on,
        sessions.done_on
    from sessions
    left join people on sessions.person_id = people.person_id
)

select * from final
