-- A credit note gives money back on its own day: it nets the euros, and is no sale, pair, lens or frame.
with sale_lines as (
    select
        *,
        net_eur < 0 or quantity < 0 as is_credit_note
    from {{ ref('stg_optical__sale_lines') }}
),

-- One price at most holds on a day: the join can't repeat a line (tests/data/optical_one_purchase_price_a_day.sql).
purchases as (
    select * from {{ ref('stg_optical__purchases') }}
),

people as (
    select person_id, birth_on, sex, commune_code from {{ ref('dim_person') }}
),

sites as (
    select site_id, department_code, valid_from, valid_to from {{ ref('dim_site') }}
),

caps as (
    select * from {{ ref('dim_parameter') }}
    where parameter = 'optical_class_a_frame_cap'
),

-- A territory's own cap of a class A frame, else that of France.
capped as (
    select
        frames._key,
        cast(coalesce(own.value, france.value) as decimal(18, 2)) as cap_eur
    from sale_lines as frames
    left join sites
        on
            frames.site_id = sites.site_id
            and frames.sold_on >= sites.valid_from
            and (sites.valid_to is null or frames.sold_on < sites.valid_to)
    left join caps as own
        on
            sites.department_code = own.territory
            and frames.sold_on >= own.valid_from
            and frames.sold_on <= own.valid_to
    left join caps as france
        on
            france.territory = 'france'
            and frames.sold_on >= france.valid_from
            and frames.sold_on <= france.valid_to
    where frames.is_frame and frames.item_class = 'A'
),

final as (
    select
        sale_lines._key,
        sale_lines.sale_id || '-' || cast(sale_lines.line_number as {{ dbt.type_string() }}) as sale_line_id,
        sale_lines.sale_id,
        -- A pair is a frame and lenses of the same sale and pair number; contact lenses, extras and credit notes are in
        -- none.
        case
            when sale_lines.pair_number is not null and not sale_lines.is_credit_note
                then sale_lines.sale_id || '-' || cast(sale_lines.pair_number as {{ dbt.type_string() }})
        end as pair_id,
        sale_lines.structure_id,
        sale_lines.site_id,
        sale_lines.person_id,
        sale_lines.quote_id,
        sale_lines.optician_code,
        sale_lines.product_code,
        purchases.supplier,
        sale_lines.item,
        sale_lines.item_class,
        sale_lines.lens_design,
        {{ age_band('people.birth_on', 'sale_lines.sold_on') }} as person_age_band,
        people.sex as person_sex,
        people.commune_code as person_commune_code,
        sale_lines.line_number,
        sale_lines.pair_number,
        sale_lines.quantity,
        sale_lines.discount_eur,
        sale_lines.net_eur,
        sale_lines.net_excl_vat_eur,
        sale_lines.amo_eur,
        sale_lines.amc_eur,
        sale_lines.household_eur,
        capped.cap_eur,
        -- Money that is given back alone brings no goods back: their cost stays.
        cast(
            case when sale_lines.is_credit_note and sale_lines.quantity > 0 then 0 else sale_lines.quantity end
            * purchases.unit_cost_eur as decimal(18, 2)
        ) as cost_eur,
        sale_lines.is_lens,
        sale_lines.is_frame,
        -- What is neither a frame nor a lens has no class; a frame or a lens without one is of an unknown class.
        case
            when sale_lines.item_class is not null then sale_lines.item_class = 'A'
            when not (sale_lines.is_lens or sale_lines.is_frame) then false
        end as is_class_a,
        sale_lines.is_third_party,
        case
            when sale_lines.item_class is not null or not sale_lines.is_frame
                then coalesce(sale_lines.net_eur > capped.cap_eur * sale_lines.quantity, false)
        end as is_above_cap,
        sale_lines.is_credit_note,
        sale_lines.sold_on,
        sale_lines.delivered_on
    from sale_lines
    left join purchases
        on
            sale_lines.structure_id = purchases.structure_id
            and sale_lines.product_code = purchases.product_code
            and sale_lines.sold_on >= purchases.valid_from_on
            and (sale_lines.sold_on < purchases.valid_before_on or purchases.valid_before_on is null)
    left join people on sale_lines.person_id = people.person_id
    left join capped on sale_lines._key = capped._key
)

select * from final
