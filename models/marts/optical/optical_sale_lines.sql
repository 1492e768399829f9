{{ secured('fct_optical_sale_lines') }}
