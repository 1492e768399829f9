{{ secured('fct_childcare_capacity') }}
