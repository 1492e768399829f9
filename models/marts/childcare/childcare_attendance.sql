{{ secured('fct_childcare_attendance') }}
