"""The pages of the portal, in one list.

How to add a page
    1. Make a folder `apps/screens/<name>/` with `page.py` (`def draw(session) -> None`: draws) and `data.py` (asks
       through `apps.ask`); pure logic goes in modules beside them.
    2. Add its words to `apps/words.yml` (`page.<name>`, `question.<name>`).
    3. Add a line to `PAGES` below. A page with a `line` is offered only to personas who have that line.
    4. Declare it in `models/exposures.yml`, with its owner and the views it shows: lineage ends there.
The page of a trade needs no code: its sections (funnels, mixes, occupancy, cohorts) stand in
`apps/screens/line/<line>.yml`, which `apps/screens/line/plan.py` describes.
A prototype is not listed here: its folder under `apps/prototypes/` is enough.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib import import_module

from apps.screens.explore.state import PARAMETERS
from apps.session import Session
from lake.settings import GROUP, LINES


@dataclass(frozen=True)
class Page:
    """One page: `key` is its address and the key of its words; `module` has `draw`. `parameters` are the names that it
    reads from its address itself, besides those of its `Filters`."""

    key: str
    module: str
    section: str
    icon: str
    line: str | None = None
    parameters: tuple[str, ...] = ()

    @property
    def path(self) -> str:
        """Its path in the address: the first page has none."""
        return "" if self.key == "home" else self.key

    @property
    def title(self) -> str:
        """Key of the words in the menu."""
        return f"line.{self.line}" if self.line else f"page.{self.key}"

    def is_allowed(self, session: Session) -> bool:
        return self.line is None or self.line in session.marts

    def draw(self) -> Callable[[Session], None]:
        """The function that draws it; imported only when the page is opened."""
        draw: Callable[..., None] = import_module(self.module).draw
        return partial(draw, line=self.line) if self.line else draw


_ICONS = {
    "audio": ":material/hearing:",
    "dental": ":material/dentistry:",
    "optical": ":material/eyeglasses:",
    "childcare": ":material/child_care:",
    "finance": ":material/account_balance:",
    GROUP: ":material/hub:",
}

#: Lines whose page is not the one that the others share.
_OF_ITS_OWN = {"finance": "apps.screens.finance.page"}

PAGES: tuple[Page, ...] = (
    Page("home", "apps.screens.home.page", "overview", ":material/home:"),
    *(Page(line, _OF_ITS_OWN.get(line, "apps.screens.line.page"), "lines", _ICONS[line], line) for line in LINES),
    Page(GROUP, "apps.screens.line.page", "overview", _ICONS[GROUP], GROUP),
    Page("explore", "apps.screens.explore.page", "overview", ":material/query_stats:", parameters=PARAMETERS),
    Page("catalogue", "apps.screens.catalogue.page", "trust", ":material/menu_book:", parameters=("entry",)),
    Page("quality", "apps.screens.quality.page", "trust", ":material/verified_user:"),
    Page("datalab", "apps.screens.datalab.page", "lab", ":material/science:", parameters=("prototype",)),
    Page("demo", "apps.screens.demo.page", "lab", ":material/slideshow:"),
)
