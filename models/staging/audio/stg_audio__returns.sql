with records as (
    {{ current_records(source('audio', 'audio_returns')) }}
),

final as (
    select
        _key,
        _batch,
        _file,
        _line,
        return_id,
        structure_id,
        site_id,
        person_id,
        fitting_id,
        return_reason,
        refund_eur,
        refund_excl_vat_eur,
        returned_on,
        changed_at
    from records
)

select * from final
