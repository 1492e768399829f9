with records as (
    {{ current_records(source('dental', 'dental_claims')) }}
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
        act_id,
        person_id,
        payer,
        status,
        rejection_reason,
        claimed_eur,
        paid_eur,
        sent_on,
        returned_on,
        changed_at
    from records
)

select * from final
