{{ secured('fct_dental_claims') }}
