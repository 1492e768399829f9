with records as (
    {{ current_records(source('audio', 'audio_fittings')) }}
),

final as (
    select
        _key,
        _batch,
        _file,
        _line,
        fitting_id,
        structure_id,
        site_id,
        person_id,
        prescription_id,
        trial_id,
        device_serial,
        audiologist_code,
        ear,
        device_class,
        act_code,
        brand,
        device_model,
        discount_eur,
        price_eur,
        price_excl_vat_eur,
        amo_eur,
        amc_eur,
        patient_eur,
        is_renewal,
        previous_fitted_on,
        fitted_on,
        warranty_until_on,
        changed_at
    from records
)

select * from final
