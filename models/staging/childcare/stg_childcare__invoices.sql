with records as (
    {{ current_records(source('childcare', 'childcare_invoices')) }}
),

final as (
    select
        _key,
        _batch,
        _file,
        _line,
        invoice_id,
        structure_id,
        site_id,
        contract_id,
        person_id,
        billed_hours,
        hourly_fee_eur,
        amount_eur,
        paid_eur,
        care_month,
        invoiced_on,
        due_on,
        paid_on,
        changed_at
    from records
)

select * from final
