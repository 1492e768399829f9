{{ secured('fct_optical_sales') }}
