with records as (
    {{ current_records(source('finance', 'finance_entries')) }}
),

final as (
    select
        _key,
        _batch,
        _file,
        _line,
        siren,
        journal_code,
        journal_label,
        -- `VT-S01-AUD-03`: the journals of a site end in its id.
        case when substring(journal_code, 3, 1) = '-' then substring(journal_code, 4) end as journal_site_id,
        entry_number,
        account,
        account_label,
        auxiliary_account,
        piece_reference,
        lettering,
        currency,
        settlement_mode,
        operation_kind,
        line_number,
        cast(extract(year from fiscal_year_end_on) as integer) as fiscal_year,
        debit_eur,
        credit_eur,
        currency_amount,
        coalesce(is_last_line, false) as is_last_line,
        not {{ starts_with_digits('account', 3) }} as has_unusual_account,
        (debit_eur <> 0) = (credit_eur <> 0) as has_unusual_amounts,
        entry_on,
        piece_on,
        lettered_on,
        validated_on,
        settled_on,
        cast({{ dbt.dateadd('day', 1, dbt.dateadd('year', -1, 'fiscal_year_end_on')) }} as date) as fiscal_year_start_on,
        fiscal_year_end_on
    from records
)

select * from final
