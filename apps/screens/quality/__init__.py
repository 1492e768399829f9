"""Quality and operations.

page.py            the answer in one look, and the choice of a section
checks.py          checks by line over time, failures with their rows
reconciliation.py  lake against build, to the cent; freshness.py against what contracts promise
deliveries.py      deliveries that wait for a person, and columns in question
quarantine.py      rows that broke their contract, and reading them again
operations.py      runs and their steps; publishing.py builds, and which one readers see
changes.py         what changed in an indicator between two builds; restated.py says it in words
confirm.py         asks before anything is changed
trust.py           what the kept results say, measured.py in the reader's language; data.py asks
"""
