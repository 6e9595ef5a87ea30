"""The directory in bulk: what is stale, what is wrong, and how it is written out."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from click.testing import CliRunner, Result
from directory_loaded import MONDAY_MORNING, directory
from storeroom import Room

from bot.cli import main
from bot.settings import Settings
from directory import hsds, seeding, sheet, spreadsheet
from directory.complaints import Tally
from directory.freshness import stale, to_call
from directory.lines import lines
from directory.listing import Listing, Phone, is_shown
from directory.rows import read_rows
from directory.verification import problems

TODAY = MONDAY_MORNING.date()


def one(code: str) -> Listing:
    """A service of the seed."""
    found = directory().row(code)
    assert found is not None
    return found


def kuska(home: Path, *arguments: str) -> Result:
    """Run a command in this process."""
    return CliRunner().invoke(main, ["--home", str(home), "directory", *arguments])


def test_the_seed_holds() -> None:
    """Nothing is wrong with what is published at the first start."""
    assert problems(directory().listings, TODAY) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"phones": (Phone("llamar a Rosa"),)}, "is no phone number"),
        ({"phones": (Phone("http://a.pe"),)}, "is no phone number"),
        ({"phones": (Phone("98130"),)}, "is no phone number"),
        ({"phones": (Phone("390-2800"),)}, "is no phone number"),
        ({"whatsapp": (Phone("1818"),)}, "is no number to write to"),
        ({"email": "rosa en a.pe"}, "is no mail address"),
        ({"email": "rosa.quispe@ong.pe"}, "is no mail address of a service"),
        ({"url": "javascript:alert(1)"}, "is no web address"),
        ({"hours": "lunes 9-5"}, "cannot be read"),
        ({"hours": "Mo-Su off"}, "never open"),
        ({"languages": ()}, "no language"),
        ({"languages": ("klingon",)}, "is unknown"),
        ({"ubigeo": "999999"}, "no place"),
        ({"lat": -77.0, "lon": -12.0}, "km from"),
        ({"ubigeo": "070101", "lat": -12.11, "lon": -76.99}, "is in San Borja (Lima, Lima)"),
    ],
)
def test_a_slip_of_an_editor_is_named(change: dict[str, Any], said: str) -> None:
    """Each kind of mistake, by the service's code."""
    centre = next(each.id for each in directory().listings if each.lat is not None)
    (problem,) = problems(changed(centre, **change), TODAY)
    assert problem.startswith(f"{centre}: ")
    assert said in problem


def changed(code: str, **change: Any) -> list[Listing]:
    """The seed with one service changed."""
    listings = directory().listings
    assert code in {each.id for each in listings}
    return [replace(each, **change) if each.id == code else each for each in listings]


def test_a_service_without_any_contact_is_named() -> None:
    """Unless something stands in for it."""
    lone = replace(one("LIN-1884"), id="NEW-1", phones=(), url=None, email=None, address=None)
    assert problems([*directory().listings, lone], TODAY) == [
        "NEW-1: no contact, and nothing stands in for it"
    ]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"phones": (Phone("999"),)}, "not among its numbers"),
        ({"hours": "Mo-Fr 08:00-10:00"}, "answers '24/7'"),
    ],
)
def test_a_national_line_says_the_same_everywhere(change: dict[str, Any], said: str) -> None:
    """A row that differs from `emergency.yaml` is a problem, and so is one that is gone."""
    code = lines()["women"].service
    (problem,) = problems(changed(code, **change), TODAY)
    assert problem.startswith(f"{code}: ")
    assert said in problem
    without = [each for each in directory().listings if each.id != code]
    assert f"{code}: the national line women has no service" in problems(without, TODAY)


def test_fresh_means_confirmed_or_official_and_recent() -> None:
    """At each border of SAFETY 31, the day decides."""
    base = replace(one("LIN-1884"), source="una ONG", source_url=None, confirmed_at=None)
    official = {"source": "MIMP"}
    for change, is_stale, has_warning in (
        ({"source_at": TODAY - timedelta(days=10)}, True, False),
        ({"source_at": TODAY - timedelta(days=730)}, True, False),
        ({"source_at": TODAY - timedelta(days=731)}, True, True),
        ({"source_at": TODAY - timedelta(days=365), **official}, False, False),
        ({"source_at": TODAY - timedelta(days=366), **official}, True, False),
        ({"confirmed_at": TODAY - timedelta(days=59)}, False, False),
        ({"confirmed_at": TODAY - timedelta(days=60)}, True, False),
        ({"status": "inactive", "source_at": date(2019, 1, 1)}, False, False),
    ):
        found = stale([replace(base, **change)], TODAY)
        assert bool(found) is is_stale, change
        assert any(each.has_warning for each in found) is has_warning, change


def test_the_oldest_is_asked_first() -> None:
    """By the last day that anything was known; only what people are shown is in the list."""
    found = stale(directory().listings, TODAY)
    assert [each.since for each in found] == sorted(each.since for each in found)
    assert all(is_shown(each.listing) for each in found)
    assert found[0].has_warning


def test_who_is_called_first() -> None:
    """Many complaints in a day, any complaint, what is shown most, the oldest; fresh ones only with
    complaints; nothing hidden is in it."""
    base = replace(one("LIN-1884"), source="una ONG", source_url=None)
    old, older = (
        replace(base, id=code, source_at=TODAY - timedelta(days=days))
        for code, days in (("A-OLD", 400), ("A-OLDER", 500))
    )
    fresh = [replace(base, id=f"F-{each}", confirmed_at=TODAY) for each in range(3)]
    hidden = replace(base, id="H-1", status="inactive")
    tallies = {
        "A-OLD": Tally(shown=9),
        "F-0": Tally(nobody=1),
        "F-1": Tally(badly=5, answered=9, is_to_review=True),
        "F-2": Tally(nobody=1, answered=1),
        "H-1": Tally(nobody=9, is_to_review=True),
    }
    called = to_call([old, older, *fresh, hidden], tallies, TODAY)
    assert [each.listing.id for each in called] == ["F-1", "F-0", "A-OLD", "A-OLDER"]


def rows(*listings: Listing) -> list[dict[str, str]]:
    """The rows of an exported table."""
    text = spreadsheet.written(listings, "csv").decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def test_the_table_says_what_the_seed_says() -> None:
    """Every service in force, column by column as in the file NGOs know; no editor's note."""
    table = {row["id"]: row for row in rows(*directory().listings)}
    assert len(table) == len(directory().listings)
    assert "note" not in next(iter(table.values()))
    seed = {row.id: row for row in read_rows()}
    same = ("name", "organization", "kind", "phones", "whatsapp", "url", "hours", "languages")
    for code, row in table.items():
        for column in same:
            if seed[code].kind != "shelter":
                assert row[column] == getattr(seed[code], column), (code, column)


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        ("=HYPERLINK(1)", "'=HYPERLINK(1)"),
        ("@SUM(1)", "'@SUM(1)"),
        ("-12.05", "-12.05"),
        ("+51 999 888 777", "+51 999 888 777"),
        ("+1+cmd|calc", "'+1+cmd|calc"),
        ("Línea 100", "Línea 100"),
    ],
)
def test_no_cell_is_run_as_a_formula(cell: str, written: str) -> None:
    """What begins like a formula is marked as text, numbers stay numbers."""
    (row,) = rows(replace(one("LIN-100"), name=cell))
    assert row["name"] == written


def ids(record: object) -> list[str]:
    """Every `id` inside a JSON value."""
    if isinstance(record, dict):
        mine = [record["id"]] if "id" in record else []
        return mine + [each for value in record.values() for each in ids(value)]
    if isinstance(record, list):
        return [each for value in record for each in ids(value)]
    return []


def test_hsds_ids_are_uuids_and_stay() -> None:
    """The same service has the same ids in every export; two services share none of their own."""
    seen: dict[str, str] = {}
    for listing in filter(is_shown, directory().listings):
        record = hsds.service(listing)
        assert record == hsds.service(listing)
        assert all(str(UUID(each)) == each for each in ids(record))
        for own in (record["id"], *(phone["id"] for phone in record["phones"])):
            assert seen.setdefault(own, listing.id) == listing.id
        parts = [*record["attributes"], *record["phones"], *record["schedules"]]
        assert len({part["id"] for part in parts}) == len(parts), listing.id


@pytest.mark.parametrize(
    ("hours", "written"),
    [
        ("24/7", [("MO,TU,WE,TH,FR,SA,SU", "00:00", "23:59")]),
        ("Mo-Fr 08:00-16:15", [("MO,TU,WE,TH,FR", "08:00", "16:15")]),
        (
            "Mo-Fr 08:00-13:00,14:00-17:00; Sa 09:00-12:00",
            [
                ("MO,TU,WE,TH,FR", "08:00", "13:00"),
                ("MO,TU,WE,TH,FR", "14:00", "17:00"),
                ("SA", "09:00", "12:00"),
            ],
        ),
        ("", []),
        ("cuando se pueda", []),
    ],
)
def test_hours_become_a_week(hours: str, written: list[tuple[str, str, str]]) -> None:
    """Days with the same hours together; unknown hours are no schedule."""
    schedules = hsds.service(replace(one("LIN-1884"), hours=hours))["schedules"]
    assert [(each["byday"], each["opens_at"], each["closes_at"]) for each in schedules] == written


def test_a_closed_service_opens_again_in_the_export() -> None:
    """Its week is valid from the day after; no reader takes it to be open before."""
    closed = replace(one("LIN-1884"), closed_until=TODAY)
    after = (TODAY + timedelta(days=1)).isoformat()
    assert {each["valid_from"] for each in hsds.service(closed)["schedules"]} == {after}


def test_hsds_carries_what_a_person_would_dial() -> None:
    """Numbers, inner numbers, menu options, cost, fear filters, source and dates."""
    listing = replace(
        one("LIN-1884"),
        phones=(Phone("(01) 390-2800", "2701"), Phone("113", None, "opción 5")),
        whatsapp=(Phone("999 888 777"),),
        fears={"asks_id": "no"},
        confirmed_at=TODAY,
        alert="Cerrado hasta el lunes",
    )
    record = hsds.service(listing)
    assert [
        (each["number"], each["type"], each.get("extension"), each.get("description"))
        for each in record["phones"]
    ] == [
        ("(01) 390-2800", "voice", 2701, None),
        ("113", "voice", None, "opción 5"),
        ("999 888 777", "whatsapp", None, None),
    ]
    said = {(each["taxonomy_term"]["taxonomy"], each["value"]) for each in record["attributes"]}
    assert {
        ("asks_id", "no"),
        ("source_at", listing.source_at and listing.source_at.isoformat()),
    } <= said
    assert record["assured_date"] == TODAY.isoformat()
    assert record["alert"] == "Cerrado hasta el lunes"


def test_a_shelter_has_no_place_in_any_export() -> None:
    """SAFETY 16 holds for files as for the chat."""
    shelters = [each for each in directory().listings if each.kind == "shelter"]
    assert shelters
    for listing in shelters:
        record = json.dumps(hsds.service(listing))
        assert "address_1" not in record
        assert "latitude" not in record
        row = spreadsheet.row(listing)
        assert not row["address"] + row["district"] + row["lat"] + row["lon"]


def test_exports_by_command(tmp_path: Path) -> None:
    """A table and a folder, made before the first start and without a database."""
    table, folder = tmp_path / "services.csv", tmp_path / "hsds"
    assert kuska(tmp_path, "export", "--format", "csv", str(table)).exit_code == 0
    assert table.read_bytes().startswith(b"\xef\xbb\xbfid,name,")
    book = tmp_path / "services.xlsx"
    assert kuska(tmp_path, "export", "--format", "xlsx", str(book)).exit_code == 0
    assert len(sheet.read(book.read_bytes()).lines) == len(directory().listings)
    assert kuska(tmp_path, "export", "--format", "hsds", str(folder)).exit_code == 0
    written = {path.stem for path in folder.iterdir()}
    assert written == {each.id for each in directory().listings if is_shown(each)}
    again = kuska(tmp_path, "export", "--format", "hsds", str(folder))
    assert again.exit_code == 1
    assert "not an empty folder" in again.output
    assert not (tmp_path / "var" / "kuska.db").exists()


def test_commands_read_what_was_published(tmp_path: Path) -> None:
    """An editor's change in the database is verified and exported, not the seed."""
    settings = Settings.from_environment({}, tmp_path)
    room = Room(settings.database_url, settings.keys_url)
    room.do(load_and_break)
    room.close()
    verified = kuska(tmp_path, "verify")
    assert verified.exit_code == 1
    assert "LIN-1884: 'no sé' is no phone number" in verified.output
    assert verified.output.endswith("2 problems\n")  # and the national line is not its own any more
    table = tmp_path / "services.csv"
    kuska(tmp_path, "export", "--format", "csv", str(table))
    assert "no sé" in table.read_text(encoding="utf-8")


def load_and_break(connection: Any) -> None:
    """The seed, with one number that an editor spoilt."""
    from sqlalchemy import update
    from sqlalchemy.orm import Session

    from directory import models

    with Session(connection, join_transaction_mode="create_savepoint") as session:
        seeding.load(session)
        session.commit()
    connection.execute(
        update(models.Phone).where(models.Phone.service_id == "LIN-1884").values(number="no sé")
    )


def test_stale_and_verify_answer_with_their_exit_code(tmp_path: Path) -> None:
    """0 when there is nothing to do, 1 when there is."""
    assert kuska(tmp_path, "verify").exit_code == 0
    found = kuska(tmp_path, "stale")
    assert found.exit_code == 1
    assert " EMG-105 " in found.output
