-- The three basket shares are read as 100 % of prosthetic fees, at any grain: they are only if every prosthetic act is
-- in exactly one of them.
select act_id, basket, is_prosthetic
from {{ ref('fct_dental_acts') }}
where is_prosthetic <> (basket in ('rac0', 'capped', 'free'))
