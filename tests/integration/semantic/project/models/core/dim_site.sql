{{ config(materialized='table') }}
select * from (values
    ('S01-AUD-01', 'S01', 'audio', 'Nantes', date '2015-04-01', 3),
    ('S01-AUD-02', 'S01', 'audio', 'L''Haÿ-les-Roses', date '2019-09-15', 2),
    ('S01-OPT-01', 'S01', 'optical', 'Nantes', date '2012-01-02', 5),
    ('S02-AUD-01', 'S02', 'audio', 'Clermont-Ferrand', date '2010-06-01', 4),
    ('S02-OPT-01', 'S02', 'optical', null, null, null),
    ('S03-AUD-01', 'S03', 'audio', 'Étaples', date '2021-03-08', 1)
) as t (site_id, structure_id, line, commune, opened_on, seats)
