-- Nothing is lost or counted twice between the entries as recorded and the lines of the income statement.
select
    structure_id,
    fiscal_year_end_on,
    sum(case when left(account, 1) in ('6', '7') and not is_superseded then credit_eur - debit_eur else 0 end) as recorded_eur,
    sum(case when income_line is not null then amount_eur else 0 end) as shown_eur
from {{ ref('fct_finance_entries') }}
group by structure_id, fiscal_year_end_on
having recorded_eur <> shown_eur
