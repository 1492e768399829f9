{{ secured('fct_dental_appointments') }}
