"""A bounded memory of results, shared by threads: what was asked longest ago is forgotten first."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Value = TypeVar("Value")


class Cache(Generic[Value]):
    """Keeps values up to a total weight. A value heavier than half of it is not kept at all."""

    def __init__(self, capacity: int, weigh: Callable[[Value], int] = lambda value: 1) -> None:
        self._capacity = capacity
        self._weigh = weigh
        self._weight = 0
        self._held: OrderedDict[Hashable, Value] = OrderedDict()
        self._making: dict[Hashable, threading.Lock] = {}
        self._lock = threading.Lock()

    def get(self, key: Hashable) -> Value | None:
        with self._lock:
            if key not in self._held:
                return None
            self._held.move_to_end(key)
            return self._held[key]

    def put(self, key: Hashable, value: Value) -> None:
        weight = self._weigh(value)
        with self._lock:
            if key in self._held or weight * 2 > self._capacity:
                return
            self._held[key] = value
            self._weight += weight
            while self._weight > self._capacity:
                _, forgotten = self._held.popitem(last=False)
                self._weight -= self._weigh(forgotten)

    def fetch(self, key: Hashable, make: Callable[[], Value]) -> tuple[Value, bool]:
        """The value, made now unless it is held, and whether it was. Who want the same at once have it made once."""
        if (held := self.get(key)) is not None:
            return held, True
        with self._lock:
            making = self._making.setdefault(key, threading.Lock())
        try:
            with making:
                if (held := self.get(key)) is not None:
                    return held, True
                made = make()
                self.put(key, made)
                return made, False
        finally:
            with self._lock:
                self._making.pop(key, None)

    def clear(self) -> None:
        with self._lock:
            self._held.clear()
            self._weight = 0

    def __len__(self) -> int:
        return len(self._held)
