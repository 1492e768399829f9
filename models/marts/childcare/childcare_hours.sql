{{ secured('fct_childcare_hours') }}
