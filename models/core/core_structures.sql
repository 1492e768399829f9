{{ secured('dim_structure') }}
