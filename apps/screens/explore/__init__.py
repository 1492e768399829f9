"""Explore: any indicators by any dimensions, without SQL.

state.py       what is looked at, as the address says it; undo and redo
selections.py  of each dimension, what is selected, possible and excluded
shape.py       which chart fits, and which others could be drawn
pivot.py       rows → the grid that the table shows, totals included
data.py        the questions, all asked at once
drawing.py     the charts
exports.py     CSV, XLSX, Parquet, and the picture
views.py       saved views on screen; rows.py the rows behind a figure
page.py        draws
"""
