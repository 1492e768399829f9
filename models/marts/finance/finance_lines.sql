{{ config(materialized='view', schema='secured', contract={'enforced': false}) }}

select *
from {{ ref('finance_income_lines') }}
where {{ in_any_scope() }}
