with records as (
    {{ current_records(source('optical', 'optical_claims')) }}
),

final as (
    select
        _key,
        _batch,
        _file,
        _line,
        claim_id,
        structure_id,
        site_id,
        person_id,
        sale_id,
        payer,
        status,
        rejection_code,
        claimed_eur,
        paid_eur,
        status in ('paid', 'rejected') as is_answered,
        status = 'paid' as is_paid,
        status = 'rejected' as is_rejected,
        sent_on,
        answered_on,
        changed_at
    from records
)

select * from final
