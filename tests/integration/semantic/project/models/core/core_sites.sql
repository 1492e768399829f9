{{ tiny_secured('dim_site') }}
