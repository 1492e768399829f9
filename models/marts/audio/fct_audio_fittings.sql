with fittings as (
    select
        *,
        -- The two devices of a binaural fitting share their trial; without one, the patient and the day.
        coalesce(trial_id, person_id || '/' || cast(fitted_on as {{ dbt.type_string() }})) as fitting_group
    from {{ ref('stg_audio__fittings') }}
),

binaural_groups as (
    select fitting_group
    from fittings
    group by fitting_group
    having count(distinct ear) = 2
),

prescriptions as (
    select prescription_id, prescribed_on, prescriber_speciality from {{ ref('stg_audio__prescriptions') }}
),

people as (
    select person_id, birth_on, sex, commune_code from {{ ref('dim_person') }}
),

sites as (
    select site_id, department_code, valid_from, valid_to from {{ ref('dim_site') }}
),

caps as (
    select * from {{ ref('dim_parameter') }}
    where parameter = 'audio_class_1_cap'
),

-- Of whom the age is not known, the higher cap is taken: nobody is told of a child's device.
aged as (
    select
        fittings._key,
        fittings.fitted_on,
        sites.department_code,
        case
            when {{ age_years('people.birth_on', 'fittings.fitted_on') }} >= 20 then 'from_20'
            else 'below_20'
        end as cap_subject
    from fittings
    left join people on fittings.person_id = people.person_id
    left join sites
        on
            fittings.site_id = sites.site_id
            and fittings.fitted_on >= sites.valid_from
            and (sites.valid_to is null or fittings.fitted_on < sites.valid_to)
    where fittings.device_class = 'I'
),

-- A territory's own cap, else that of France.
capped as (
    select
        aged._key,
        cast(coalesce(own.value, france.value) as decimal(18, 2)) as cap_eur
    from aged
    left join caps as own
        on
            aged.cap_subject = own.subject
            and aged.department_code = own.territory
            and aged.fitted_on >= own.valid_from
            and aged.fitted_on <= own.valid_to
    left join caps as france
        on
            france.territory = 'france'
            and aged.cap_subject = france.subject
            and aged.fitted_on >= france.valid_from
            and aged.fitted_on <= france.valid_to
),

final as (
    select
        fittings._key,
        fittings.fitting_id,
        fittings.structure_id,
        fittings.site_id,
        fittings.person_id,
        fittings.prescription_id,
        fittings.trial_id,
        fittings.audiologist_code,
        fittings.ear,
        fittings.device_class,
        fittings.act_code,
        fittings.brand,
        fittings.device_model,
        prescriptions.prescriber_speciality,
        {{ age_band('people.birth_on', 'fittings.fitted_on') }} as person_age_band,
        people.sex as person_sex,
        people.commune_code as person_commune_code,
        fittings.discount_eur,
        fittings.price_eur,
        fittings.price_excl_vat_eur,
        fittings.amo_eur,
        fittings.amc_eur,
        fittings.patient_eur,
        capped.cap_eur,
        {{ delay_days('prescriptions.prescribed_on', 'fittings.fitted_on') }} as days_from_prescription,
        case
            when {{ delay_days('fittings.previous_fitted_on', 'fittings.fitted_on') }} > {{ renewal_after_days() }}
                then {{ dbt.datediff('fittings.previous_fitted_on', 'fittings.fitted_on', 'day') }}
        end as renewal_days,
        fittings.device_class = 'I' as is_class_1,
        coalesce(fittings.price_eur > capped.cap_eur, false) as is_above_cap,
        -- The days decide, where they are known; else what the file says.
        case
            when fittings.previous_fitted_on is null then fittings.is_renewal
            else {{ delay_days('fittings.previous_fitted_on', 'fittings.fitted_on') }} > {{ renewal_after_days() }}
        end as is_renewal,
        binaural_groups.fitting_group is not null as is_binaural,
        fittings.fitted_on,
        prescriptions.prescribed_on,
        fittings.previous_fitted_on,
        fittings.warranty_until_on
    from fittings
    left join binaural_groups on fittings.fitting_group = binaural_groups.fitting_group
    left join prescriptions on fittings.prescription_id = prescriptions.prescription_id
    left join people on fittings.person_id = people.person_id
    left join capped on fittings._key = capped._key
)

select * from final
