"""What happens to a record, in the order it happens.

    sample/      writes the files of an imaginary group, and the truth about them
    contracts/   one Open Data Contract Standard YAML per source: what a file must look like
    readers/     a file of any of the trades' formats → rows of text with their line numbers
    land/        rows → typed, checked, pseudonymised → versions in MongoDB, or quarantine
    vault.py     pseudonyms of persons and the encryption of quarantined rows
    store/       MongoDB: the embedded server, batches, documents, leases (alone imports pymongo)
    mirror.py    committed batches → Parquet, typed by contract; mirror_proof.py proves that nothing is missing
    build.py     dbt: the mirror → a new DuckDB file per line, in a process of its own
    checks/      Great Expectations and the reconciliation of mart and lake
    publish.py   the pointer from a line to its published build
    lineage.py   what is made from what, from the delivered file to the screens
    run.py       all of it in order, one run at a time per line; schedule.py repeats it
    access/      the policy: who sees which lines, structures and may do what
    semantic/    MetricFlow in process: the only way to an indicator's value
    export/      files that the administration asks for: the yearly Filoué export of a nursery
    prototypes/  Test&Learn: cards, stages, feedback
    views.py     saved views of the screens, private, shared or official
    usage.py     how much each indicator is used, by day and role
    cli/         the `lake` command

`settings.py` is the only reader of the environment; `errors.py` draws the tree of what can go wrong.
"""
