"""For every file, however mangled: rows read = landed + unchanged + quarantined, and the store agrees."""

from __future__ import annotations

from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lake.land import land
from lake.store import Store
from tests.lab import DEVICES, row, text

FILE = text(
    row(1001), row(1002, comment='"a;b"'), row(1003, price_eur="x"), row(1004, comment='"two\r\nlines"'), "D1005;2",
    row(1001), row(1006, comment='écran 15"'), row(1007, operation="S"), row(1008, person_id="éà"),
)  # fmt: skip

#: What befalls a file: bytes cut out, put in, or changed, anywhere.
PLACES = st.integers(0, len(FILE.encode("utf-8")))
HARM = st.tuples(
    PLACES, st.integers(0, 40), st.binary(max_size=6) | st.sampled_from([b'"', b";", b"\r", b"\n", b"\0", b"\xff"])
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(HARM, max_size=6), st.sampled_from(["cp1252", "utf-8", "utf-8-sig", "utf-16"]), st.integers(0, 10**9))
def test_any_mangled_file_keeps_the_equality(
    store: Store, tmp_path: Path, harms: list[tuple[int, int, bytes]], encoding: str, nth: int
) -> None:
    data = FILE.encode(encoding)
    for at, cut, put in harms:
        data = data[:at] + put + data[at + cut :]
    path = tmp_path / "S01_devices_2024.csv"
    path.write_bytes(data)
    (file,) = land([str(path)], contracts={DEVICES.name: DEVICES}).files
    assert file.read == file.landed + file.unchanged + file.quarantined
    if file.status == "landed":
        record = store.files(DEVICES.name)[-1]
        held = store.quarantine.list(DEVICES.name, file=record.number)
        assert (record.read, record.landed, record.quarantined) == (file.read, file.landed, len(held))
