"""The memory of results: bounded, and safe for threads."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

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
