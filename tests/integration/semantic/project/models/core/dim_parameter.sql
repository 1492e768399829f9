{{ config(materialized='table') }}
select
    'tax' as parameter, 'Taxe' as label_fr, 'Tax' as label_en, 'all' as subject, 'france' as territory, 'eur' as unit,
    origin, status, 'a text' as source, cast(value as decimal(18, 6)) as value, valid_from, valid_to
from (values
    ('shipped', 'official', 1, date '2022-01-01', date '2022-12-31'),
    ('shipped', 'unverified', 2, date '2023-01-01', date '2023-12-31'),
    ('loaded', 'official', 3, date '2024-01-01', date '2024-06-30'),
    ('shipped', 'unverified', 4, date '2024-07-01', date '9999-12-31')
) as t (origin, status, value, valid_from, valid_to)
