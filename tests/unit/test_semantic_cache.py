"""The memory of results: bounded, and safe for threads."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from lake.semantic.cache import Cache


def test_what_was_asked_longest_ago_is_forgotten_first() -> None:
    cache: Cache[str] = Cache(capacity=3)
    for key in "abc":
        cache.put(key, key)
    assert cache.get("a") == "a"
    cache.put("d", "d")
    assert [cache.get(key) for key in "abcd"] == ["a", None, "c", "d"]


def test_one_heavy_value_does_not_empty_it() -> None:
    cache: Cache[str] = Cache(capacity=10, weigh=len)
    cache.put("light", "xx")
    cache.put("heavy", "x" * 6)
    assert cache.get("light") == "xx"
    assert cache.get("heavy") is None


def test_its_weight_stays_bounded_with_many_threads() -> None:
    cache: Cache[int] = Cache(capacity=50)

    def work(start: int) -> None:
        for number in range(start, start + 500):
            cache.put(number % 200, number % 200)
            assert cache.get(number % 200) in (None, number % 200)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    assert len(cache) <= 50


def test_what_many_want_at_once_is_made_once() -> None:
    cache: Cache[int] = Cache(capacity=10)
    made: list[int] = []
    start = threading.Barrier(8)

    def make() -> int:
        made.append(1)
        never.wait(0.2)
        return 42

    never = threading.Event()

    def want(_: int) -> tuple[int, bool]:
        start.wait()
        return cache.fetch("key", make)

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(want, range(8)))
    assert {value for value, _ in found} == {42}
    assert (len(made), [was_known for _, was_known in found].count(False)) == (1, 1)


def test_a_failure_is_not_kept_and_leaves_nobody_waiting() -> None:
    cache: Cache[int] = Cache(capacity=10)

    def fail() -> int:
        raise ValueError("no")

    for _ in range(2):
        with pytest.raises(ValueError, match="no"):
            cache.fetch("key", fail)
    assert cache.fetch("key", lambda: 1) == (1, False)
    assert cache.fetch("key", fail) == (1, True)
