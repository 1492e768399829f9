with records as (
    {{ current_records(source('childcare', 'childcare_contracts')) }}
),

final as (
    select
        _key,
        _batch,
        _file,
        _line,
        contract_id,
        structure_id,
        site_id,
        person_id,
        child_born_month,
        care_type,
        weekly_hours,
        dependent_children,
        monthly_income_eur,
        effort_rate,
        hourly_fee_eur,
        regime,
        starts_on,
        ends_on,
        changed_at
    from records
)

select * from final
