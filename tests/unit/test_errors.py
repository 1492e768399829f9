"""Errors: what people read, and what passes between processes."""

from __future__ import annotations

import pickle

from lake.errors import BuildError, LakeError, LeaseHeld, UnknownLine


def test_an_error_passes_to_another_process_whole() -> None:
    errors: list[LakeError] = [
        LakeError("It failed.", remedy="Try again."),
        UnknownLine("odio", ["audio"]),
        BuildError("It failed.", nodes=("a", "b")),
        LeaseHeld("land:audio_fittings", "process 1 on here"),
    ]
    for error in errors:
        passed = pickle.loads(pickle.dumps(error))
        assert type(passed) is type(error)
        assert str(passed) == str(error)
        assert vars(passed) == vars(error)
