with records as (
    {{ current_records(source('dental', 'dental_ccam')) }}
),

final as (
    select
        _key,
        _batch,
        _file,
        _line,
        act_code || '-' || cast(activity as string) || '-' || cast(phase as string) || '-' || cast(valid_from as string) as ccam_row_id,
        ccam_version,
        valid_from,
        act_code,
        activity,
        phase,
        act_label,
        row_label,
        base_eur,
        other_base_eur,
        is_covered,
        coalesce(is_conditional, false) as is_conditional,
        coalesce(is_prior_approval, false) as is_prior_approval,
        exemption,
        grouping_code
    from records
)

select * from final
