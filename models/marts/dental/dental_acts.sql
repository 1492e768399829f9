{{ secured('fct_dental_acts') }}
