{{ secured('fct_group_journeys') }}
