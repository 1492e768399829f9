-- A day has one value of a parameter: of two shipped ones the later would win without a word.
select a.parameter, a.subject, a.territory, a.valid_from, b.valid_from as other_valid_from
from {{ ref('parameters') }} as a
inner join {{ ref('parameters') }} as b
    on a.parameter = b.parameter
    and a.subject = b.subject
    and a.territory = b.territory
    and a.valid_from <= b.valid_from
where
    (a.valid_from < b.valid_from and coalesce(a.valid_to, cast('9999-12-31' as date)) >= b.valid_from)
    or (a.valid_from = b.valid_from and a.value <> b.value)
    or a.valid_to < a.valid_from
