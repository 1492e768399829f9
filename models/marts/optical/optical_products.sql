{{ config(materialized='view', schema='secured', contract={'enforced': false}) }}
{# The group's catalogue holds no structure's rows nor prices: any scope sees it whole. #}
select
    product_code,
    product_label,
    family
from {{ ref('dim_optical_product') }}
where {{ in_any_scope() }}
