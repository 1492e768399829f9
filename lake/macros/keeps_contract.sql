{#
  Generic test of a source: every record that is not a tombstone meets all conditions of its contract, in one pass.
  Landing checked it already: this catches a mirror written under an older contract, or a damaged one.
#}
{% test keeps_contract(model, conditions) %}
  select _key, _file, _line
  from {{ model }}
  where not _deleted and not ({{ conditions | join('\n    and ') }})
{% endtest %}
