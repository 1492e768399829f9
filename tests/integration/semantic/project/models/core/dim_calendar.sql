{{ config(materialized='table') }}
select cast(day as date) as calendar_on from range(date '2023-01-01', date '2025-01-01', interval 1 day) as t (day)
