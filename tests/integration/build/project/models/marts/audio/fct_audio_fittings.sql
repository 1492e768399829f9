select fitting_id, structure_id, ear, price_eur, fitted_on, _key
from {{ ref('stg_audio__fittings') }}
