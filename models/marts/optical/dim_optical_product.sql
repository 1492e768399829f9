with purchases as (
    select * from {{ ref('stg_optical__purchases') }}
),

ranked as (
    select
        *,
        count(*) over (partition by product_code) as prices,
        row_number() over (partition by product_code order by valid_from_on desc, structure_id) as rank_of_price
    from purchases
),

final as (
    select
        product_code,
        {{ unique_name('product_label', 'product_code') }} as product_label,
        family,
        supplier,
        prices
    from ranked
    where rank_of_price = 1
)

select * from final
