{{ secured('fct_childcare_contracts') }}
