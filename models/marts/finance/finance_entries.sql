{{ secured('fct_finance_entries') }}
