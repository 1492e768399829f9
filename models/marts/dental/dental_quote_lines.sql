{{ secured('fct_dental_quote_lines') }}
