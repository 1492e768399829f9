with records as (
    {{ current_records(source('childcare', 'childcare_attendance')) }}
),

final as (
    select
        _key,
        _batch,
        _file,
        _line,
        contract_id || '-' || cast(attended_on as string) as attendance_id,
        contract_id,
        attended_on,
        structure_id,
        site_id,
        person_id,
        booked_hours,
        billed_hours,
        attended_hours,
        arrived_at,
        left_at,
        absence_reason,
        changed_at
    from records
)

select * from final
