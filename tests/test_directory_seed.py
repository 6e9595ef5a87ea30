"""The seed and its loading: nothing lost, nothing shown that must not be, nothing overwritten."""

from __future__ import annotations

import csv
import re
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from directory_loaded import directory, empty_session
from sqlalchemy import func, select

from directory import models, seeds
from directory.checks import problems
from directory.errors import SeedError, UnknownName
from directory.lines import line, line_services, lines, substitutes
from directory.listing import has_contact, is_shown
from directory.needs import needs, topics
from directory.rows import Number, read_number, read_rows, source_day
from directory.search import Directory
from directory.seeding import Loaded, load

Edit = Callable[[str, str, str], None]
TABLES = models.Base.metadata.sorted_tables
STREET = re.compile(r"\b(jr|av|calle|pasaje|mz|urb|cdra)\b\.?", re.IGNORECASE)


@pytest.fixture
def edit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Edit]:
    """Change a text in a copy of the seed, which then is the seed."""
    copy = tmp_path / "seed"
    shutil.copytree(seeds.SEED, copy)
    monkeypatch.setattr(seeds, "SEED", copy)

    def replace(name: str, old: str, new: str) -> None:
        text = (copy / name).read_text(encoding="utf-8")
        assert old in text
        (copy / name).write_text(text.replace(old, new, 1), encoding="utf-8")
        _forget()

    yield replace
    _forget()


def _forget() -> None:
    """Forget what was read from seed files, so that the next reading sees them as they are."""
    for read in (lines, line_services, substitutes, needs, topics):
        read.cache_clear()


def test_the_seed_has_no_problem() -> None:
    """What `kuska check` asks of the directory holds."""
    assert problems() == []


@pytest.mark.parametrize(
    ("name", "old", "new", "expected"),
    [
        ("emergency.yaml", 'number: "105"', 'number: "115"', r"emergency.yaml:7: police: 115 is"),
        ("emergency.yaml", "hours: Mo-Fr 08:00-18:00", "hours: 24/7", r"legal: hours '24/7'"),
        ("emergency.yaml", "service: EMG-116", "service: EMG-117", r"fire: there is no service"),
        (
            "substitutes.yaml",
            "LIN-113-7, DEFENSORIA",
            "SALUD-KIT",
            r"substitutes.yaml:\d+: SUSALUD",
        ),
        ("substitutes.yaml", "for: SALUD-KIT", "for: SALUD-KOT", r"no service is called so"),
        ("services.csv", ",1818,", ",1818 o 105,", r"services.csv:2: LIN-1818: '1818 o 105'"),
        ("services.csv", "Mo-Fr 08:00-18:00", "lunes 9-5", r"hours 'lunes 9-5' cannot be read"),
        ("services.csv", "trata; explotacion_sexual;", "trota;", r"topic 'trota' is not in topics"),
        ("services.csv", "-3.7524", "-13.7524", r"its position is \d+ km from"),
        ("services.csv", "consulta@defensoria", "rosa.quispe@defensoria", r"one person's mail"),
        ("needs.csv", "MINJUS-ALEGRA", "MINJUS-ALEGRE", r"needs.csv:\d+: abogada: MINJUS-ALEGRE"),
    ],
)
def test_each_fault_is_told(edit: Edit, name: str, old: str, new: str, expected: str) -> None:
    """A fault put into the seed is found, with file and line."""
    edit(name, old, new)
    assert any(re.search(expected, problem) for problem in problems()), problems()


def test_loading_twice_changes_nothing() -> None:
    """The second load touches no row; the first loads all 796."""
    with empty_session() as session:
        assert load(session) == Loaded(added=796)
        before = [session.execute(select(table)).all() for table in TABLES]
        assert load(session) == Loaded()
        assert [session.execute(select(table)).all() for table in TABLES] == before


def test_a_changed_seed_changes_only_its_row(edit: Edit) -> None:
    """A new number in the file replaces the old one, parts and all; the version grows."""
    with empty_session() as session:
        load(session)
        phones = session.scalar(select(func.count(models.Phone.id)))
        edit("services.csv", 'LIN-1884,"Línea 1884, defensa legal"', "LIN-1884,Otro nombre")
        assert load(session) == Loaded(changed=1, unchanged=795)
        assert session.get_one(models.Service, "LIN-1884").name == "Otro nombre"
        assert session.scalar(select(func.count(models.Phone.id))) == phones
        assert Directory.of(session).version == 2


@pytest.mark.parametrize("field", ["confirmed_at", "edited_at"])
def test_what_people_corrected_stays(edit: Edit, field: str) -> None:
    """A service that somebody confirmed or edited is not overwritten by a newer seed."""
    with empty_session() as session:
        load(session)
        service = session.get_one(models.Service, "LIN-1884")
        moment = datetime(2026, 11, 1, tzinfo=UTC)
        setattr(service, field, moment if field == "edited_at" else moment.date())
        service.name = "Corregido por una persona"
        edit("services.csv", 'LIN-1884,"Línea 1884, defensa legal"', "LIN-1884,Otro nombre")
        assert load(session) == Loaded(unchanged=795, kept=1)
        assert session.get_one(models.Service, "LIN-1884").name == "Corregido por una persona"


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("HRT26-AMAZONAS,", "HRT26-ANCASH,", "twice"),
        ("LIN-113-5X,", "LIN-113-5X,x,", "columns"),
        (",MIMP-SAU-CUSCO,", ",MIMP-SAU-NADIE,", "unknown"),
    ],
)
def test_a_broken_seed_is_refused(edit: Edit, old: str, new: str, expected: str) -> None:
    """A repeated id, a row too long, a superseded id that does not exist: no load at all."""
    edit("services.csv", old, new)
    with (
        empty_session() as session,
        pytest.raises(SeedError, match=rf"services.csv:\d+: .*{expected}"),
    ):
        load(session)


def test_a_shelter_with_a_place_is_refused(edit: Edit) -> None:
    """A shelter's street never enters the tables, not even by a careless edit."""
    with (seeds.SEED / "services.csv").open(encoding="utf-8") as file:
        header = next(csv.reader(file))
    at = header.index("address") - header.index("phones")
    edit(
        "services.csv",
        "albergue; violencia; trata,100" + "," * at,
        "albergue; violencia; trata,100" + "," * at + "Jr. Falso 123",
    )
    with empty_session() as session, pytest.raises(SeedError, match="shelter"):
        load(session)


def test_no_shelter_place_anywhere() -> None:
    """No shelter has street, district or position in the tables, in a listing or in its notes."""
    with empty_session() as session:
        load(session)
        shelters = select(models.Attribute.service_id).where(models.Attribute.value == "shelter")
        place, at = models.Location, models.ServiceAtLocation
        located = session.execute(
            select(place).join(at, at.location_id == place.id).where(at.service_id.in_(shelters))
        ).scalars()
        for one in located:
            assert one.ubigeo.endswith("00")
            assert one.latitude is None
            streets = models.Address.location_id == one.id
            assert session.scalar(select(func.count()).where(streets)) == 0
    shown = [one for one in directory().listings if one.kind == "shelter"]
    assert len(shown) > 20
    for listing in shown:
        assert (listing.address, listing.lat, listing.lon, listing.district) == (None,) * 4
    for row in read_rows():
        if row.kind == "shelter" or row.id.startswith("COM-CASA") or row.id == "COM-RED-TRANS":
            assert not STREET.search(row.note), row.id


def test_an_old_id_answers_with_the_newer_row() -> None:
    """The 81 superseded ids give the newer row, with what it left empty and the older topics."""
    rows = {row.id: row for row in read_rows()}
    pairs = [(row.supersedes, row.id) for row in rows.values() if row.supersedes]
    assert len(pairs) == 81
    for old, new in pairs:
        listing = directory().row(old)
        assert listing is not None
        assert listing.id == new
        assert set(rows[old].topics.split("; ")) - {"interno"} <= set(listing.topics)
    line_100 = directory().row("LIN-100")
    assert line_100 is not None
    assert "violencia_sexual" in line_100.topics
    refugees = directory().row("CEPR")
    assert refugees is not None
    assert refugees.email is not None
    assert refugees.email.startswith("solicitantesrefugio@")
    assert refugees.source_at == date(2025, 2, 20)


def test_what_is_never_shown() -> None:
    """SAFETY 31 over all rows: contact, date, withdrawn, confidence, audience, internal."""
    listings = {one.id: one for one in directory().listings}
    rows = {row.id: row for row in read_rows()}
    for listing in listings.values():
        row = rows[listing.id]
        day = source_day(row.source_date)
        must_hide = (
            not (row.phones or row.whatsapp or row.email or row.url)
            or day is None
            or day < date(2018, 1, 1)
            or "OBSOLETO" in row.note
            or "no mostrar" in row.note
            or row.confidence == "low"
            or "organizaciones" in row.audience
            or "interno" in row.topics
        )
        assert is_shown(listing) is not must_hide, listing.id
    hidden = (
        "MIMDES-PNCVFS-2009",
        "VIA-LIBRE",
        "UNODC",
        "MININTER-ERI",
        "EMG-911",
        "OIM-LIMA",
        "GEIM-LIMA",
    )
    for service in hidden:
        assert not is_shown(listings[service])
    assert sum(1 for one in listings.values() if is_shown(one)) > 600


def test_2008_rows_give_today_s_centre() -> None:
    """A women's centre known from 2008 answers with its row of 2026, never with its own."""
    old = [row.id for row in read_rows() if row.id.startswith("CEM08-")]
    assert len(old) == 27
    for service in old:
        listing = directory().service(service)
        assert listing is not None
        assert listing.source_at is not None
        assert listing.source_at >= date(2018, 1, 1)


def test_every_id_that_a_way_names_leads_to_a_contact() -> None:
    """The ids of the decision tables answer, or what stands in for them does."""
    named = """LIN-1818 LIN-100 ONG-CHS-CALP OIM-LIMA OIM-PUNO ACNUR-INFO-CONTIGO ONG-CARE
    ONG-CAPS-LIMA ONG-HIAS EMG-106 EMG-116 LIN-113 SUSALUD LIN-113-7 DEFENSORIA MP-FISTRAP-LORETO
    MP-FECCOR-LIMA MP-TURNO PNP-COMISARIAS PNP-DIRCTPTIM PNP-REGIONES MP-DENUNCIA-WEB LIN-1884
    ONG-ENCUENTROS-LIMA COM-MILUSKA COM-ROSAS MINJUS-TRATA-CUSCO MINJUS-DEFENSA-CENTRAL
    MP-SEGUIMIENTO-WEB CEPR MRE-ODE-TACNA ONG-UVP-LIMA MP-UDAVIT MP-UAIVT-LORETO MP-IML
    MIMP-HRT-LORETO HRT26-LORETO SNM-VULNERABLES MINSA-CSMC MIMP-CEM MTPE-EMPLEO MIMP-CEDIF-LIMA
    LIN-1810 MIMP-UPE-TUMBES UPE26-LIMA INABIF-CARE-LIMA INABIF-CAR MIMP-DPE ONG-KAWSAY CONADIS
    MININTER-ERI SALUD-KIT LIN-113-5 SALUD-PREP SALUD-AOE AHF-LIMA SALUD-TAR-SAN-JOSE
    PNP-INSPECTORIA LIN-111 EMG-105 PNP-DIVINDAT LIN-114 MINJUS-ALEGRA DEMUNA SUNAFIL SUNAFIL-SOS
    ONG-VENINFORMADO ACNUR-EP-CHORRILLOS CONADIS-LSP CHAT-100""".split()
    for service in named:
        listing = directory().service(service)
        assert listing is not None, service
        assert has_contact(listing)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2023-04", date(2023, 4, 1)),
        ("2026", date(2026, 1, 1)),
        ("2018-2022", date(2018, 1, 1)),
        ("2025-12-21", date(2025, 12, 21)),
        ("2024-10-04; 2026-01-10", date(2026, 1, 10)),
        ("2018-02; 2023", date(2023, 1, 1)),
        ("s/f", None),
        ("s/f (antiguo)", None),
        ("", None),
    ],
)
def test_source_day(text: str, expected: date | None) -> None:
    """The earliest day that a source date allows, of the latest of several."""
    assert source_day(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1818", Number("1818", None, None)),
        ("113 opción 5", Number("113", None, "opción 5")),
        ("(01) 390-2800 anexo 2701", Number("(01) 390-2800", "2701", None)),
        ("0800-15170", Number("0800-15170", None, None)),
        ("https://x", None),
        ("105 o 116", None),
        ("", None),
    ],
)
def test_read_number(text: str, expected: Number | None) -> None:
    """A number comes apart into what is dialled, an inner number and a menu option."""
    assert read_number(text) == expected


def test_the_national_lines() -> None:
    """The lines that danger texts name, by key and number, without any database."""
    numbers = {key: one.number for key, one in lines().items()}
    assert numbers == {
        "police": "105",
        "ambulance": "106",
        "fire": "116",
        "women": "100",
        "chat100": "https://chat100.aurora.gob.pe/",
        "mental_health": "113 opción 5",
        "health": "113",
        "children": "1810",
        "complaints": "1818",
        "legal": "1884",
        "extortion": "111",
        "ombudsman": "0800-15170",
        "prosecutor": "0800-00205",
        "missing": "114",
    }
    assert line("ambulance").coverage == "Lima Metropolitana"
    assert line("extortion").never_alone
    with pytest.raises(UnknownName):
        line("army")


@pytest.mark.parametrize(
    ("service", "expected"),
    [
        ("MP-FISTRAP-LORETO", True),
        ("MIMP-CEDIF-LORETO", True),
        ("HRT26-LORETO", True),
        ("CEM26-160101-R1", False),
        ("LIN-1884", False),
        ("ONG-CAPS-TUMBES", False),
        ("ONG-UVP-LIMA", False),
    ],
)
def test_a_regional_row_that_rings_at_a_central(service: str, expected: bool) -> None:
    """A regional service without a number of its own says so on its card."""
    listing = directory().row(service)
    assert listing is not None
    assert listing.is_central is expected
