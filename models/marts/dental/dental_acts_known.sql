{{ config(materialized='view', schema='secured', contract={'enforced': false}) }}
{# A public reference: it holds no structure's rows, so any scope sees it whole. #}
select *
from {{ ref('dim_dental_act') }}
where is_current and {{ in_any_scope() }}
