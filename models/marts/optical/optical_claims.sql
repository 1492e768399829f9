{{ secured('fct_optical_claims') }}
