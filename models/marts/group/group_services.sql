{{ secured('fct_group_services') }}
