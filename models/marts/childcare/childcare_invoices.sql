{{ secured('fct_childcare_invoices') }}
