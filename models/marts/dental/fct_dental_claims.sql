with claims as (
    select * from {{ ref('stg_dental__claims') }}
),

final as (
    select
        _key,
        claim_id,
        structure_id,
        site_id,
        act_id,
        person_id,
        payer,
        status,
        coalesce(rejection_reason, 'none') as rejection_reason,
        claimed_eur,
        paid_eur,
        {{ delay_days('sent_on', 'returned_on') }} as return_days,
        status in ('paid', 'rejected') as is_returned,
        status = 'rejected' as is_rejected,
        claimed_eur < 0 or paid_eur < 0 as is_credit_note,
        sent_on,
        returned_on
    from claims
)

select * from final
