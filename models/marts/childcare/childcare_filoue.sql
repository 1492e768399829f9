{{ secured('fct_childcare_filoue') }}
