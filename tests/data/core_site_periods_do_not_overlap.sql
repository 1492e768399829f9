-- A fact that joins dim_site on its day must meet one period of the site: two would count it twice.
select earlier.site_id, earlier.valid_from, later.valid_from as next_valid_from
from {{ ref('dim_site') }} as earlier
inner join {{ ref('dim_site') }} as later
    on earlier.site_id = later.site_id and earlier.valid_from < later.valid_from
where earlier.valid_to is null or earlier.valid_to > later.valid_from
