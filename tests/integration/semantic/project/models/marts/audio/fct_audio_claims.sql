{{ config(materialized='table') }}
-- One row per claim: a fitting has none to three, an amount joined to both must not be counted twice.
select
    fitting_id || '-' || n as claim_id, fitting_id, structure_id, site_id,
    cast(24000 + n as decimal(18, 2)) as claim_eur, fitted_on + 5 as claimed_on
from {{ ref('fct_audio_fittings') }}, range(3) as t (n) where cast(fitting_id as integer) % 4 > n
