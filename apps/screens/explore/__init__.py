"""Explore: any indicators by any dimensions, without SQL.

state.py       what is looked at, as the address says it; undo and redo
selections.py  of each dimension, what is selected, possible and excluded
shape.py       which chart fits, and which others could be drawn
pivot.py       rows → the grid that the table shows, totals included
data.py        the questions, all asked at once
drawing.py     the charts; charted.py puts them on the screen, peers.py those of the internal benchmark
exports.py     CSV, XLSX, Parquet, and the picture; files.py offers them, about.py says what they are about
saved.py       saved views on screen; behind.py the rows behind a figure
page.py        draws
"""
