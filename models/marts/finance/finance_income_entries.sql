{{ secured('fct_finance_entries') }}
    and account_class in ('6', '7')
