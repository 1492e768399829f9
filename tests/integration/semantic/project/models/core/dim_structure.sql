{{ config(materialized='table') }}
select * from (values
    ('S01', 'Mutuelle de l''Ouest', true),
    ('S02', 'Union "Centre"; drop table', true),
    ('S03', 'Éclat du Midi', false)
) as t (structure_id, structure_name, is_large)
