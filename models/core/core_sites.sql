{{ config(materialized='view', schema='secured', contract={'enforced': false}) }}
{# A site that moved is shown to each structure as it was last while it was theirs: one row a site in every scope. #}
with mine as (
    select
        *,
        row_number() over (partition by site_id order by valid_from desc) as rank_in_scope
    from {{ ref('dim_site') }}
    where {{ in_scope('structure_id') }}
)

select * from mine
where rank_in_scope = 1
