with fittings as (
    select * from {{ ref('fct_audio_fittings') }}
),

returns as (
    select * from {{ ref('fct_audio_returns') }}
),

acts as (
    select * from {{ ref('fct_dental_acts') }}
),

sale_lines as (
    select * from {{ ref('fct_optical_sale_lines') }}
),

attendance as (
    select * from {{ ref('fct_childcare_attendance') }}
),

invoices as (
    select * from {{ ref('fct_childcare_invoices') }}
),

people as (
    select person_id, birth_on, sex, commune_code from {{ ref('dim_person') }}
),

-- The rows of which each line's own revenue is the sum (its metric: config.meta.revenue_of, in the yml), no others.
-- Somebody is served by a fitting, an act, a sale or an attended day: not by an invoice, an absence or money given back.
services as (
    select _key, structure_id, site_id, person_id, 'audio' as business_line, 'hearing_aid' as service,
        fitting_id as number, price_eur as revenue_eur, true as is_served, fitted_on as served_on
    from fittings
    union all
    select _key, structure_id, site_id, person_id, 'audio' as business_line, 'hearing_aid_return' as service,
        return_id as number, -refund_eur as revenue_eur, false as is_served, returned_on as served_on
    from returns
    union all
    select _key, structure_id, site_id, person_id, 'dental' as business_line,
        case when is_credit_note then 'dental_credit_note' else 'dental_act' end as service,
        act_id as number, fee_eur as revenue_eur, not is_credit_note as is_served, performed_on as served_on
    from acts
    union all
    select _key, structure_id, site_id, person_id, 'optical' as business_line,
        case
            when is_credit_note then 'optical_credit_note'
            when is_lens or is_frame then 'glasses'
            else 'contact_lenses_and_extras'
        end as service,
        sale_line_id as number, net_eur as revenue_eur, not is_credit_note as is_served, sold_on as served_on
    from sale_lines
    union all
    select _key, structure_id, site_id, person_id, 'childcare' as business_line, 'care_day' as service,
        attendance_id as number, psu_eur as revenue_eur, not is_absent as is_served, attended_on as served_on
    from attendance
    union all
    select _key, structure_id, site_id, person_id, 'childcare' as business_line, 'care_invoice' as service,
        invoice_id as number, amount_eur as revenue_eur, false as is_served, care_month_on as served_on
    from invoices
),

first_uses as (
    select person_id, business_line, min(served_on) as reached_on
    from services
    where is_served and person_id is not null
    group by person_id, business_line
),

-- How many lines a person had used from one day to the next on which it used another for the first time.
reached as (
    select
        person_id,
        sum(count(*)) over (partition by person_id order by reached_on) as lines_used,
        reached_on,
        lead(reached_on) over (partition by person_id order by reached_on) as next_reached_on
    from first_uses
    group by person_id, reached_on
),

final as (
    select
        services._key,
        services.service || '/' || services.structure_id || '/' || services.number as service_id,
        services.structure_id,
        services.site_id,
        services.person_id,
        services.business_line,
        services.service,
        {{ age_band('people.birth_on', 'services.served_on') }} as person_age_band,
        coalesce(people.sex, 'unknown') as person_sex,
        people.commune_code as person_commune_code,
        cast(coalesce(reached.lines_used, 0) as bigint) as lines_used,
        cast(coalesce(services.revenue_eur, 0) as decimal(18, 2)) as revenue_eur,
        services.is_served,
        services.served_on
    from services
    left join reached
        on
            services.person_id = reached.person_id
            and services.served_on >= reached.reached_on
            and (services.served_on < reached.next_reached_on or reached.next_reached_on is null)
    left join people on services.person_id = people.person_id
)

select * from final
