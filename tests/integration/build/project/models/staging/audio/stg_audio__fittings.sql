with records as ({{ current_records(source('audio', 'audio_fittings')) }})

select fitting_id, structure_id, ear, price_eur, fitted_on, changed_at, _key, _batch, _file, _line
from records
