{{ tiny_secured('fct_optical_sales') }}
