{{ secured('fct_group_staff') }}
