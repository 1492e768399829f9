{{ secured('fct_dental_chair_hours') }}
