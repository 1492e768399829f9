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
        debit_eur,
        credit_eur,
        currency_amount,
        coalesce(is_last_line, false) as is_last_line,
        coalesce(not {{ starts_with_digits('account', 3) }}, true) as has_unusual_account,
        (debit_eur <> 0) = (credit_eur <> 0) as has_unusual_amounts,
        settled_on is not null or settlement_mode is not null or operation_kind is not null as is_cash_accounting,
        coalesce(upper(journal_code) in ('AN', 'ANO', 'RAN'), false)
        or coalesce(lower(journal_label) like '%nouveau%' or lower(journal_label) like '%ouverture%', false) as is_opening,
        entry_on,
        piece_on,
        lettered_on,
        validated_on,
        settled_on,
        fiscal_year_end_on
    from records
)

select * from final
