{{ secured('fct_optical_quotes') }}
