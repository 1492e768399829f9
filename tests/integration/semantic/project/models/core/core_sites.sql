{{ secured('dim_site') }}
