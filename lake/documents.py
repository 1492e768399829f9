"""Documents that outlive the version that wrote them: read by an older one, and by a newer one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, TypeVar

T = TypeVar("T")


def read_as(kind: type[T], document: Mapping[str, Any]) -> T:
    """A document as a dataclass. What only a newer version writes is passed over; what an older one did not write has
    its default.

    Raises:
        TypeError: something without a default is missing.
    """
    return kind(**{f.name: document[f.name] for f in fields(kind) if f.name in document})  # type: ignore[arg-type]
