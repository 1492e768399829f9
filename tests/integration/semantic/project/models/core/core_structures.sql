{{ tiny_secured('dim_structure') }}
