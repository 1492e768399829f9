"""MongoDB, the only system of record; nothing outside this folder imports pymongo.

client.py        open_store → Store: what the rest of the lake asks for
batches.py       a landing batch: begin, write, commit, and the removal of what dead processes left
versions.py      which rows are new versions of their key
reading.py       records → Arrow tables, for the mirror
bson_columns.py  Arrow columns ↔ BSON documents
ledger.py        files and batches, as the books hold them
quarantine.py    rows that broke their contract
scopes.py        a scope in the lake against a delivery that is the whole of it
failures.py      errors of the driver in the lake's words
leases.py        one holder of a name at a time
totals.py        counts and sums by MongoDB's own aggregation
journals.py      run records; saved views; use of indicators; events of the prototypes
mongod.py        the embedded server; keeper.py stops it when nobody uses it
"""

from lake.store.batches import Batch
from lake.store.client import LAKE_ID, Store, open_store
from lake.store.leases import Holding
from lake.store.ledger import BatchRecord, FileRecord, Written, current
from lake.store.quarantine import PART_BYTES, Counted, Forced, Held, QuarantinedRow
from lake.store.scopes import WITHDRAWN_LINE, KeySet, Scope, Standing, row_scopes
from lake.store.totals import BatchTotals, ControlTotals
from lake.store.versions import hashes

__all__ = [
    "LAKE_ID",
    "PART_BYTES",
    "WITHDRAWN_LINE",
    "Batch",
    "BatchRecord",
    "BatchTotals",
    "ControlTotals",
    "Counted",
    "FileRecord",
    "Forced",
    "Held",
    "Holding",
    "KeySet",
    "QuarantinedRow",
    "Scope",
    "Standing",
    "Store",
    "Written",
    "current",
    "hashes",
    "open_store",
    "row_scopes",
]
