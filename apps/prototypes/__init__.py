"""The data lab's prototypes: `<line>/<name>/` with a card (`prototype.yml`) and a page (`page.py`, `draw(session)`)."""
