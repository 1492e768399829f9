{{ secured('fct_finance_budgets') }}
