"""Landing on a real MongoDB: what is right lands, the rest is in quarantine, and nothing is lost."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet

from lake.contracts import contract
from lake.errors import LeaseHeld, SettingsError
from lake.land import land
from lake.land.report import FileReport, Report
from lake.settings import settings
from lake.store import Store
from lake.vault import vault
from tests.lab import DEVICES, GOOD, row, text

Deliver = Callable[..., Report]
States = Callable[[], dict[str, dict[str, Any]]]

NAME = "S01_devices_2024.csv"


def only(report: Report) -> FileReport:
    (file,) = report.files
    assert file.read == file.landed + file.unchanged + file.quarantined
    return file


def test_a_row_lands_typed_by_its_contract(deliver: Deliver, states: States) -> None:
    assert only(deliver({NAME: text(row()).encode("cp1252")})).landed == 1
    record = states()["D100"]
    assert record["structure_id"] == "S01"
    assert record["person_id"] == vault().pseudonym("12345")
    assert record["ear"] == "left"
    assert record["price_eur"] == Decimal("1234.50")
    assert record["parts"] == 3
    assert record["is_renewal"] is True
    assert record["fitted_on"] == date(2024, 3, 12)
    assert record["comment"] is None
    assert record["changed_at"] == datetime(2024, 3, 12, 9, 11, 12, tzinfo=UTC)
    assert (record["_line"], record["_deleted"]) == (2, False)
    assert "patient_name" not in record


def test_every_reason_of_a_row_is_kept(deliver: Deliver, store: Store) -> None:
    bad = row(price_eur="7 000,00", fitted_on="31/02/2024", ear="X", person_id="", comment="x" * 41)
    file = only(deliver({NAME: text(row(1001), bad).encode()}))
    assert (file.read, file.landed, file.quarantined) == (2, 1, 1)
    (held,) = store.quarantine.list(DEVICES.name)
    assert (held.line, held.contract_version) == (3, "1.0.0")
    assert sorted(held.reasons) == [
        "comment: longer than 40",
        "ear: not among the allowed values",
        "fitted_on: not a date",
        "person_id: empty",
        "price_eur: above 6000",
    ]


def test_a_deletion_needs_only_its_key_and_order(deliver: Deliver, states: States, store: Store) -> None:
    gone = row(
        1001, operation="S", price_eur="", ear="?", person_id="", fitted_on="never", changed_at="13/03/2024 10:00"
    )
    no_order = row(1002, operation="S", changed_at="")
    file = only(deliver({NAME: text(row(1001), row(1002), gone, no_order).encode()}))
    assert (file.landed, file.quarantined) == (3, 1)
    assert list(states()) == ["D1002"]
    assert store.quarantine.list(DEVICES.name)[0].reasons == ("changed_at: empty",)


def test_the_same_delivery_adds_nothing(deliver: Deliver, states: States) -> None:
    data = text(row(1001), row(1002)).encode()
    deliver({NAME: data})
    again = only(deliver({NAME: data}))
    assert (again.status, again.read) == ("known", 0)
    resent = only(deliver({"S01_devices_2024_bis.csv": data}))
    assert (resent.landed, resent.unchanged) == (0, 2)


def test_rows_sent_twice_corrected_and_back_end_at_the_last(deliver: Deliver, states: States) -> None:
    def at(minute: int, price: str) -> str:
        return row(price_eur=price, changed_at=f"12/03/2024 10:{minute:02d}:00")

    data = text(at(3, "100,00"), at(1, "100,00"), at(2, "200,00"), at(3, "100,00")).encode()
    file = only(deliver({NAME: data}))
    assert (file.landed, file.unchanged) == (3, 1)
    assert states()["D100"]["price_eur"] == Decimal("100.00")


def test_no_clear_person_is_anywhere_in_mongodb(deliver: Deliver, store: Store) -> None:
    secrets = ["987654321", "Ménard-Secret", "quarantained@person"]
    good = row(1001, person_id=secrets[0], patient_name=secrets[1])
    bad = row(1002, person_id=secrets[0], patient_name=secrets[1], price_eur=secrets[2], comment=secrets[1])
    short = f"D3;{secrets[0]};{secrets[1]}"
    assert only(deliver({NAME: text(good, bad, short).encode()})).quarantined == 2
    raw = b"".join(
        doc.raw
        for name in store._db.list_collection_names()
        for doc in store._db.get_collection(name, codec_options=_raw()).find()
    )
    assert b"D1001" in raw
    for secret in secrets:
        for written in (secret.encode(), secret.encode("cp1252"), secret.lower().encode()):
            assert written not in raw
    for key in settings().secrets.iterdir():
        assert key.read_bytes().strip() not in raw


def _raw() -> Any:
    from bson.codec_options import CodecOptions
    from bson.raw_bson import RawBSONDocument

    return CodecOptions(document_class=RawBSONDocument)


def test_a_person_is_the_same_in_every_source(deliver: Deliver, store: Store) -> None:
    other = replace(DEVICES, name="lab_glasses", reading=DEVICES.reading.model_copy(update={"files": ("glasses",)}))
    deliver({NAME: text(row(person_id="12 345")).encode()})
    deliver({"S01_glasses.csv": text(row(person_id="12.345")).encode()}, replace(other, fields=_named(other)))
    people = [
        table["person_id"][0].as_py()
        for source in ("lab_devices", "lab_glasses")
        for table in store.tables(source, store.committed_batches(source))
    ]
    assert people[0] == people[1]


def _named(contract: Any) -> Any:
    return tuple(
        f if f.name != "structure_id" else replace(f, from_file=None, header="Oreille") for f in contract.fields
    )


def test_another_pseudonym_key_is_refused(deliver: Deliver, monkeypatch: pytest.MonkeyPatch) -> None:
    deliver({NAME: text(row()).encode()})
    monkeypatch.setenv("LAKE_PSEUDONYM_KEY", "another key of at least 32 characters")
    settings.cache_clear()
    with pytest.raises(SettingsError, match="two pseudonyms") as refused:
        deliver({"S02_devices_2024.csv": text(row()).encode()})
    assert "another key" not in str(refused.value)


def test_an_unknown_file_is_refused_by_name_and_the_others_land(deliver: Deliver) -> None:
    report = deliver({"S01_device.csv": b"a;b\n1;2\n", NAME: text(row()).encode()})
    (refused,) = report.refused
    assert "S01_device.csv is of no known source. The nearest source is lab_devices" in refused.why
    assert report.total("landed") == 1


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("S01_audio_apareillage_2024-03.csv", "audio_fittings"),
        ("S07_creche_presence_2024_03.csv", "childcare_attendance"),
        ("S02_optique_devis_mars.csv", "optical_quotes"),
        ("S02_dentaire_devis_mars.csv", "dental_quote_lines"),
        ("443061841FEC2024.txt", "finance_entries"),
        ("staff_2024.csv", "group_staff"),
    ],
)
def test_the_nearest_source_is_the_one_whose_files_are_named_like_it(tmp_path: Path, name: str, source: str) -> None:
    (tmp_path / name).write_text("a;b\n1;2\n")
    (refused,) = land([str(tmp_path / name)]).refused
    assert f"The nearest source is {source}: its files are named like ^" in refused.why


def test_a_file_is_recognised_by_its_header(deliver: Deliver) -> None:
    fields = tuple(replace(f, from_file=None) if f.name == "structure_id" else f for f in DEVICES.fields)
    data = text(row() + ";S07", headers=[*GOOD, "structure_id"]).encode()
    assert only(deliver({"export.csv": data}, replace(DEVICES, fields=fields))).landed == 1


def test_a_name_that_does_not_say_the_structure_is_refused(deliver: Deliver) -> None:
    (refused,) = deliver({"export.csv": text(row()).encode()}).refused
    assert "its name does not say its structure_id" in refused.why


def test_archives_give_their_members(deliver: Deliver, states: States) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("2023/S02_devices_2023.csv", text(row(1002)).encode())
        archive.writestr("__MACOSX/._S02_devices_2023.csv", b"noise")
        archive.writestr("2023/S03_devices_2023.csv.gz", gzip.compress(text(row(1003)).encode()))
    report = deliver({"old.zip": packed.getvalue(), "S01_devices_2024.csv.gz": gzip.compress(text(row(1001)).encode())})
    assert [f.landed for f in report.files] == [1, 1, 1]
    assert {k: v["structure_id"] for k, v in states().items()} == {"D1001": "S01", "D1002": "S02", "D1003": "S03"}


def test_a_member_delivered_before_as_a_file_is_known(deliver: Deliver) -> None:
    data = text(row()).encode()
    deliver({NAME: data})
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(NAME, data)
    assert only(deliver({"again.zip": packed.getvalue()})).status == "known"


def noisy(number: int) -> str:
    """A row that compresses badly, so that cutting an archive cuts a known part of it."""
    import hashlib

    return row(number, comment=hashlib.sha256(str(number).encode()).hexdigest()[:40])


def test_a_cut_gzip_says_where_and_keeps_what_came(deliver: Deliver, store: Store) -> None:
    rows = [noisy(n) for n in range(1000, 3000)]
    packed = gzip.compress(text(*rows).encode())
    file = only(deliver({f"{NAME}.gz": packed[: len(packed) // 2]}))
    assert 500 < file.landed < 1500
    assert file.broke_at == file.landed + 2
    assert file.quarantined == 1
    assert store.quarantine.list(DEVICES.name)[0].reasons == ("file: cut short in this line",)
    assert "cut short" in file.why


def test_a_cut_zip_without_its_directory_keeps_what_came(deliver: Deliver) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("S02_devices_2023.csv", text(row(1002)).encode())
        archive.writestr(NAME, text(*(noisy(n) for n in range(1000, 3000))).encode())
    report = deliver({"old.zip": packed.getvalue()[:-30_000]})
    whole, cut = sorted(report.files, key=lambda f: f.read)
    assert (whole.landed, whole.broke_at) == (1, None)
    assert cut.landed > 100
    assert cut.broke_at == cut.landed + 2


def test_an_archive_that_gives_nothing_is_refused_and_the_others_land(deliver: Deliver) -> None:
    locked = io.BytesIO()
    with zipfile.ZipFile(locked, "w") as archive:
        archive.writestr(NAME, text(row()).encode())
    data = locked.getvalue().replace(b"PK\x01\x02\x14\x03\x14\x00\x00", b"PK\x01\x02\x14\x03\x14\x00\x01")
    bzipped = io.BytesIO()
    with zipfile.ZipFile(bzipped, "w", zipfile.ZIP_BZIP2) as archive:
        archive.writestr(NAME, text(row()).encode())
    files = {"locked.zip": data, "garbage.zip": b"no zip", "odd.zip": bzipped.getvalue(), NAME: text(row()).encode()}
    report = deliver(files)
    assert report.total("landed") == 1
    assert sorted(f.why.split(".zip")[1][:30] for f in report.refused) == [
        " is no zip, or has no files. H",
        f"/{NAME} is compressed"[:30],
        f"/{NAME} is protected "[:30],
    ]


def test_a_corrupt_gzip_keeps_what_came_before(deliver: Deliver) -> None:
    packed = bytearray(gzip.compress(text(*(noisy(n) for n in range(1000, 3000))).encode()))
    packed[len(packed) // 2 : len(packed) // 2 + 50] = bytes(50)
    file = only(deliver({f"{NAME}.gz": bytes(packed)}))
    assert file.landed > 500
    assert "corrupt" in file.why


def test_a_missing_column_is_named(deliver: Deliver) -> None:
    headers = [h for h in GOOD if h != "Pièces"]
    line = ";".join(GOOD[h] for h in headers)
    file = only(deliver({NAME: text(line, headers=headers).encode()}))
    assert (file.landed, file.missing) == (1, ("Pièces",))


def test_a_file_of_which_every_row_lacks_a_required_column_is_refused_whole(deliver: Deliver, store: Store) -> None:
    headers = [h for h in GOOD if h not in ("Prix", "Pièces")]
    lines = [";".join(GOOD[h] for h in headers)] * 1000
    whole = {"S02_devices_2024.csv": text(row()).encode()}
    report = deliver({NAME: text(*lines, headers=headers).encode(), **whole})
    (refused,) = report.refused
    assert "has no column for Prix, which each row of lab_devices needs" in refused.why
    assert "It has device_id, person_id" in refused.why
    assert store.quarantine.list(DEVICES.name) == []
    assert report.total("landed") == 1


def test_deletions_alone_need_no_other_column(deliver: Deliver, states: States) -> None:
    deliver({NAME: text(row()).encode()})
    headers = ["N° appareil", "Op", "Modifié le"]
    gone = ";".join(["D100", "S", "13/03/2024 10:00:00"])
    assert only(deliver({"S01_devices_2025.csv": text(gone, headers=headers).encode()})).landed == 1
    assert states() == {}


def test_a_file_that_has_most_columns_of_a_source_is_told_which_it_lacks(tmp_path: Path) -> None:
    quotes = contract("optical_quotes")
    headers = [f.header for f in quotes.fields if f.from_file is None and f.header != "Montant TTC"]
    (tmp_path / "export.csv").write_text(";".join(headers) + "\n" + ";".join("1" for _ in headers) + "\n")
    (refused,) = land([str(tmp_path / "export.csv")]).refused
    assert "Its columns are most like those of optical_quotes, without Montant TTC." in refused.why


@pytest.mark.parametrize("name", ["notes.txt", "facture.pdf", "courrier.docx", "S03_pharmacie_ventes_2024-01.csv"])
def test_a_source_that_is_not_near_is_not_suggested(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("a;b\n1;2\n")
    (refused,) = land([str(tmp_path / name)]).refused
    assert "nearest" not in refused.why


def test_large_files_land_in_bounded_parts(deliver: Deliver, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lake.land.CHUNK_ROWS", 50)
    monkeypatch.setattr("lake.land.BATCH_ROWS", 100)
    monkeypatch.setattr("lake.land._SMALL", 1000)
    files = {f"S{n:02d}_devices_2024.csv": text(*(row(n * 1000 + i) for i in range(70))).encode() for n in range(1, 5)}
    report = deliver(files)
    assert [f.landed for f in report.files] == [70] * 4
    assert [b.landed for b in store.committed_batches(DEVICES.name)] == [140, 140]


def test_a_failure_leaves_nothing_of_its_batch(
    deliver: Deliver, store: Store, states: States, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object, **options: object) -> None:
        raise MemoryError

    files = {NAME: text(row(1001)).encode(), "S02_devices_2024.csv": text(row(1002)).encode()}
    with monkeypatch.context() as patched:
        patched.setattr("lake.store.Batch.quarantine", fail)
        with pytest.raises(MemoryError):
            deliver(files)
    assert states() == {}
    assert [f.landed for f in deliver(files).files] == [1, 1]


def test_one_landing_at_a_time_per_source(deliver: Deliver, store: Store) -> None:
    with store.lease("land:lab_devices"), pytest.raises(LeaseHeld):
        deliver({NAME: text(row()).encode()})


def test_a_path_that_means_nothing_is_said(store: Store) -> None:
    (said,) = land(["nowhere"]).refused
    assert said.why.startswith("There is no file 'nowhere'.")


def test_folders_and_patterns_are_followed(deliver: Deliver, tmp_path: Path, states: States) -> None:
    deliver({f"a/b/{NAME}": text(row(1001)).encode(), "a/.hidden.csv": b""} | {"a/S02_devices_2024.csv": b""})
    report = land([str(tmp_path / "files" / "*")], contracts={DEVICES.name: DEVICES})
    assert sorted(Path(f.file).name for f in report.files) == [NAME, "S02_devices_2024.csv"]


def test_the_report_is_plain_json(deliver: Deliver) -> None:
    report = deliver({NAME: text(row(), "D2;").encode()})
    shown = json.loads(json.dumps(report.as_dict()))
    assert (shown["read"], shown["landed"], shown["quarantined"]) == (2, 1, 1)
    assert shown["files"][0]["reasons"] == {"row: 2 columns instead of 11": 1}


def test_quarantined_rows_are_read_with_the_key_of_settings_only(deliver: Deliver, store: Store) -> None:
    deliver({NAME: text("D2;").encode()})
    ((part,),) = store.quarantine.contents(store.quarantine.list(DEVICES.name))
    assert b"D2" in vault().decrypt(part)
    with pytest.raises(SettingsError):
        type(vault())("k" * 32, Fernet.generate_key().decode()).decrypt(part)
