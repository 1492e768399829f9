-- The three payers' shares of a device are all that was paid for it: if they don't add up to its price, the patient
-- share and the AMO and AMC shares no longer make 100 %, whatever the period.
select
    fitting_id,
    price_eur,
    amo_eur + amc_eur + patient_eur as shares_eur
from {{ ref('fct_audio_fittings') }}
where price_eur <> amo_eur + amc_eur + patient_eur
