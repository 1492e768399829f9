{{ config(materialized='table') }}
-- One row per device returned.
select 'R' || fitting_id as return_id, fitting_id, structure_id, site_id, device_class, fitted_on + 20 as returned_on
from {{ ref('fct_audio_fittings') }} where cast(fitting_id as integer) % 13 = 0
