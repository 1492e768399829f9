with invoices as (
    select * from {{ ref('stg_childcare__invoices') }}
),

-- the last day that the nurseries' software told about: nothing here depends on the clock
known as (
    select max({{ paris_day('changed_at') }}) as last_on from invoices
),

final as (
    select
        invoices._key,
        invoices.invoice_id,
        invoices.structure_id,
        invoices.site_id,
        invoices.contract_id,
        invoices.person_id,
        invoices.billed_hours,
        -- a credit note whose hours are written without their sign gives money back alone
        cast(
            case when invoices.amount_eur < 0 then least(invoices.billed_hours, 0) else invoices.billed_hours end
            as decimal(18, 2)
        ) as invoiced_hours,
        invoices.hourly_fee_eur,
        invoices.amount_eur,
        invoices.paid_eur,
        cast(case when invoices.due_on <= known.last_on then invoices.amount_eur else 0 end as decimal(18, 2)) as due_eur,
        cast(
            case when invoices.due_on <= known.last_on then invoices.amount_eur - invoices.paid_eur else 0 end
            as decimal(18, 2)
        ) as unpaid_eur,
        invoices.due_on <= known.last_on as is_due,
        invoices.amount_eur < 0 as is_credit_note,
        invoices.care_month as care_month_on,
        invoices.invoiced_on,
        invoices.due_on,
        invoices.paid_on
    from invoices
    cross join known
)

select * from final
