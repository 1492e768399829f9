select * from (values ('S01', 'North'), ('S02', 'South')) as t (structure_id, structure_name)
