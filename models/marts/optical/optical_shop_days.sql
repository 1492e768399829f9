{{ secured('fct_optical_shop_days') }}
