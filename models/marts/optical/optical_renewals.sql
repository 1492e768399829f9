{{ secured('fct_optical_renewals') }}
