"""The portal (Streamlit). `server.py` serves it, `portal.py` draws it; `registry.py` says how to add a page.

words.py     every word of the screens, in French and English
values.py    what the values of dimensions are called, in both languages
browser.py   what Streamlit itself says, in French
sentences.py what errors say, in French
cases.py     how many cases a figure needs before it says something
numbers.py   figures, dates and euros in the reader's locale
session.py   who is looking: persona, language, scope
ask.py       the only door to the semantic layer, cached by build, scope and question
store.py     the portal's connection to MongoDB
usage.py     counts which indicators are asked for, in the background
charts.py    charts that survive colour-blindness and print
blocks.py    what several pages draw: chips, states, headline cards, trace
screens/     one folder a page: page.py draws, data.py asks, logic and words beside them
prototypes/  the data lab's Test&Learn, one folder each
"""
