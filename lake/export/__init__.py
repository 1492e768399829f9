"""Files that the administration asks of a structure, made from the marts by the secured views, in a role's scope.

    export = filoue.export("S01-CHI-01", 2024, scope=access.scope("structure-director"))
    filoue.write(export, Path(export.file_name))

    filoue.py      the yearly export of a nursery for the family-benefit fund
    identities.py  what the fund asks and the lake does not hold, from the nursery's own file

What the lake must not hold, such as a family's number at the fund, comes from the structure's own file and is not kept.
"""
