"""Searches over the real directory: what serves her, near, open and well founded, first."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from directory_loaded import MONDAY_MORNING, MONDAY_NIGHT, directory
from hypothesis import given, settings
from hypothesis import strategies as st

from directory.errors import UnknownName
from directory.listing import FEARS, Found, Listing, is_shown
from directory.needs import needs
from directory.places import all_places, place
from directory.reading import Records
from directory.schedules import LIMA
from directory.search import Answer, Directory
from directory.weighing import is_line

CENTRES = [one for one in directory().listings if one.id.startswith("CEM26-") and one.lat]
DISTRICTS = [one.ubigeo for one in all_places().values() if one.level == "district"]


def ids(found: tuple[Found, ...]) -> list[str]:
    return [one.listing.id for one in found]


def listing(service: str) -> Listing:
    found = directory().row(service)
    assert found is not None
    return found


def with_rows(*rows: Listing) -> Directory:
    """The real directory with some rows added or changed."""
    changed = {one.id for one in rows}
    kept = [one for one in directory().listings if one.id not in changed]
    return Directory(Records(9, (*kept, *rows), {}))


def test_a_lawyer_in_iquitos_at_night() -> None:
    """Line 1884 comes first, closed until Tuesday at eight; what is open now stands beside it."""
    answer = directory().search("abogada", place=place("160101"), at=MONDAY_NIGHT)
    first = answer.found[0]
    assert first.listing.id == "LIN-1884"
    assert first.listing.hours == "Mo-Fr 08:00-18:00"
    assert first.is_open is False
    assert first.opens_at == datetime(2026, 11, 24, 8, tzinfo=LIMA)
    open_now = [one for one in answer.national if one.is_open]
    assert "LIN-100X" in [one.listing.id for one in open_now]
    assert open_now[0].listing.is_all_day
    centres = [one for one in answer.found if one.listing.kind == "women_center"]
    assert centres
    assert {one.only_if for one in centres} == {"violencia"}


def test_each_women_s_centre_of_436_from_its_own_district() -> None:
    """From the centre of its district, named or shared, each with known position comes first; of
    several in one district each before any of another."""
    assert sum(1 for one in directory().listings if one.id.startswith("CEM26-")) == 436
    assert len(CENTRES) == 424
    alone = 0
    for centre in CENTRES:
        assert centre.ubigeo is not None
        here = place(centre.ubigeo)
        district = {
            one.id
            for one in directory().listings
            if one.id.startswith("CEM26-") and one.ubigeo == centre.ubigeo
        }
        alone += district == {centre.id}
        for point in (None, (here.lat, here.lon)):
            found = directory().search(
                "violencia",
                place=None if point else here,
                point=point,
                at=MONDAY_MORNING,
                limit=len(district),
            )
            assert set(ids(found.found)) == district, centre.id
    assert alone > 200


def test_each_women_s_centre_is_found_at_all() -> None:
    """With room enough, each of them is found from its own district, whatever the hour."""
    for centre in CENTRES:
        assert centre.ubigeo is not None
        found = directory().search(
            "violencia", place=place(centre.ubigeo), at=MONDAY_NIGHT, limit=60
        )
        assert centre.id in ids(found.found), centre.id


def test_at_night_the_open_centre_nearby_comes_first() -> None:
    """Open first, then nearest: in Arequipa at 22:00 a centre in a police station is open."""
    answer = directory().search("violencia", place=place("040101"), at=MONDAY_NIGHT)
    assert answer.found[0].is_open is True
    assert answer.found[0].distance_km is not None
    assert answer.found[0].distance_km < 10


@pytest.mark.parametrize(
    ("need", "ubigeo", "first"),
    [
        ("peligro_ahora", "160101", "EMG-105"),
        ("crisis", "210101", "LIN-113-5X"),
        ("control", "170101", "LIN-1818"),  # a national line before a contact of 2023
        ("extorsion", "150115", "LIN-111"),
        ("abuso_policial", "080101", "DEFENSORIA"),
        ("ninez", "250101", "LIN-1810"),
        ("psicologia", "200101", "LIN-113-5X"),
        ("salud", "240101", "LIN-113"),
        ("hijos", "130101", "LIN-1884"),
        ("trabajo_sin_pago", "170101", "SUNAFIL-SOS"),
        ("desaparecida", "150101", "LIN-114"),
        ("queja", "110101", "DEFENSORIA"),
    ],
)
def test_what_comes_first(need: str, ubigeo: str, first: str) -> None:
    """For each need the service that its notes ask for comes first."""
    assert ids(directory().search(need, place=place(ubigeo), at=MONDAY_NIGHT).found)[0] == first


def everything(answer: Answer) -> list[Listing]:
    return [one.listing for one in (*answer.found, *answer.national)]


@pytest.mark.parametrize("ubigeo", ["150101", "160101", "040101", "170101", "070101"])
def test_notes_of_the_needs(ubigeo: str) -> None:
    """Defenders for trafficking only there; El Pozo never for peers; no police on police abuse."""
    at = MONDAY_NIGHT

    def search(need: str) -> list[Listing]:
        return everything(directory().search(need, place=place(ubigeo), at=at, limit=20))

    assert not any(one.id.startswith("MINJUS-TRATA") for one in search("abogada"))
    assert "ONG-EL-POZO" not in [one.id for one in search("pares")]
    assert not {one.kind for one in search("abuso_policial")} & {"police", "women_center"}
    assert "EMG-105" not in [one.id for one in search("abuso_policial")]
    assert not any(one.id.startswith("INABIF-") for one in search("albergue"))
    assert any(one.id != "LIN-111" for one in search("extorsion"))
    kinds = [one.kind for one in search("papeles") if one.id != "LIN-1884"]
    if "migration" in kinds:
        assert kinds.index("ngo_legal") < kinds.index("migration")


def test_the_ambulance_number_is_for_lima_only() -> None:
    """106 in Lima and its districts; 116 elsewhere, also in the provinces around Lima."""
    for ubigeo, expected in [
        ("150132", True),
        ("150100", True),
        ("150201", False),
        ("160101", False),
    ]:
        answer = directory().search("crisis", place=place(ubigeo), at=MONDAY_NIGHT)
        assert ("EMG-106" in ids(answer.found)) is expected, ubigeo
        assert "EMG-116" in ids(answer.national)


anywhere = st.sampled_from(DISTRICTS + [code for code in all_places() if code.endswith("00")])
any_need = st.sampled_from(list(needs()))
any_time = st.datetimes(datetime(2026, 6, 1), datetime(2027, 12, 31)).map(
    lambda moment: moment.replace(tzinfo=LIMA)
)
any_fears = st.frozensets(st.sampled_from(list(FEARS)), max_size=3)


@settings(max_examples=300, deadline=None)
@given(need=any_need, ubigeo=anywhere, at=any_time, fears=any_fears, limit=st.integers(1, 5))
def test_what_holds_of_every_answer(
    need: str, ubigeo: str, at: datetime, fears: frozenset[str], limit: int
) -> None:
    """Whatever is asked, wherever, whenever: the rules of SAFETY 31 and 32 hold."""
    here = place(ubigeo)
    answer = directory().search(need, place=here, at=at, fears=fears, limit=limit)
    shown = (*answer.found, *answer.national)
    assert len(answer.found) <= limit
    assert all(is_shown(one.listing) for one in shown)
    assert max(Counter(ids(shown)).values()) == 1
    assert any(one.is_open and one.listing.is_national for one in shown)
    for one in shown:
        assert (one.is_open is None) is (one.listing.hours == "")
        assert one.opens_at is None or one.opens_at > at
        for fear in fears:
            assert one.listing.fears.get(fear, FEARS[fear]) == FEARS[fear]
    for place_in_list, one in enumerate(shown):
        if one.is_stale:
            assert any(is_line(before.listing) for before in shown[:place_in_list])
    if not answer.is_widened:
        for one in answer.found:
            serves = one.listing.is_national or one.listing.covers(here.prefix)
            assert serves or (one.listing.ubigeo or "").startswith(here.prefix)


@pytest.mark.parametrize("need", list(needs()))
def test_without_a_place_only_national_services(need: str) -> None:
    """Who says no city gets what serves all of Peru, and something that is open."""
    answer = directory().search(need, at=MONDAY_NIGHT)
    assert everything(answer)
    assert all(one.is_national for one in everything(answer))
    assert any(one.is_open for one in (*answer.found, *answer.national))


def test_abroad_is_like_no_place() -> None:
    """A position outside Peru answers with what serves all of Peru."""
    answer = directory().search("violencia", point=(40.4, -3.7), at=MONDAY_NIGHT)
    assert all(one.is_national for one in everything(answer))


def test_same_region_first_where_the_district_has_nothing() -> None:
    """From each district without a women's centre the first is of its own region."""
    own = {one.ubigeo for one in CENTRES}
    empty = [code for code in DISTRICTS if code not in own][::9]
    assert len(empty) > 100
    for code in empty:
        answer = directory().search("violencia", place=place(code), at=MONDAY_MORNING)
        first = answer.found[0].listing
        assert not answer.is_widened
        assert first.ubigeo is not None
        assert first.ubigeo[:2] == code[:2]


def test_elsewhere_only_when_the_region_has_nothing() -> None:
    """HIV tests in Arequipa: none of its own, so the nearest elsewhere, and it says so."""
    answer = directory().search("salud_sexual", place=place("040101"), at=MONDAY_MORNING)
    assert answer.is_widened
    assert answer.found[0].listing.is_national
    assert (
        not directory().search("salud_sexual", place=place("160101"), at=MONDAY_MORNING).is_widened
    )


def test_a_confirmed_service_comes_before_the_rest() -> None:
    """Confirmed within 90 days goes first among the near ones; after 90 days it does not."""
    here = place("160101")
    usual = directory().search("violencia", place=here, at=MONDAY_MORNING)
    second = usual.found[1].listing
    confirmed = with_rows(replace(second, confirmed_at=date(2026, 11, 1)))
    assert ids(confirmed.search("violencia", place=here, at=MONDAY_MORNING).found)[0] == second.id
    long_ago = with_rows(replace(second, confirmed_at=date(2026, 5, 1)))
    assert ids(long_ago.search("violencia", place=here, at=MONDAY_MORNING).found) == ids(
        usual.found
    )


def test_a_confirmed_old_service_is_not_stale() -> None:
    """A contact of 2023 loses its warning with the first confirmation."""
    chs = listing("ONG-CHS-CALP")
    stale = directory().search("control", place=place("080101"), at=MONDAY_MORNING)
    assert next(one for one in stale.found if one.listing.id == chs.id).is_stale
    fresh = with_rows(replace(chs, confirmed_at=date(2026, 11, 1)))
    found = fresh.search("control", place=place("080101"), at=MONDAY_MORNING).found
    assert found[0].listing.id == chs.id
    assert not found[0].is_stale


def test_what_she_fears_is_left_out() -> None:
    """Without police: no centre inside a police station, in Arequipa, where those come first."""
    here = place("040101")
    usual = directory().search("violencia", place=here, at=MONDAY_NIGHT)
    assert usual.found[0].listing.fears["works_with_police"] == "yes"
    calm = directory().search("violencia", place=here, at=MONDAY_NIGHT, fears={"works_with_police"})
    assert calm.found
    for one in calm.found:
        assert one.listing.fears.get("works_with_police") != "yes"


def test_what_surely_has_no_fear_comes_before_what_nobody_knows() -> None:
    """A centre known to have women at the desk goes before nearer ones of which nobody knows."""
    here = place("160101")
    second = directory().search("violencia", place=here, at=MONDAY_MORNING).found[2].listing
    known = with_rows(replace(second, fears={**second.fears, "women_at_desk": "yes"}))
    found = known.search("violencia", place=here, at=MONDAY_MORNING, fears={"women_at_desk"})
    assert ids(found.found)[0] == second.id


def test_closed_for_good_or_for_now_is_not_shown() -> None:
    """A service that is defunct or temporarily closed is not found any more."""
    here = place("160101")
    first = directory().search("violencia", place=here, at=MONDAY_MORNING).found[0].listing
    for status in ("temporarily closed", "defunct"):
        changed = with_rows(replace(first, status=status))
        found = changed.search("violencia", place=here, at=MONDAY_MORNING)
        assert first.id not in ids(found.found)


def test_an_organization_that_editors_add_is_found() -> None:
    """A national organization needs no place in needs.csv to be given."""
    added = replace(listing("ONG-CHS-CALP"), id="ONG-NUEVA", source_at=date(2026, 11, 1), phones=())
    answer = with_rows(added).search("control", place=place("080101"), at=MONDAY_MORNING)
    assert "ONG-NUEVA" in ids((*answer.found, *answer.national))


def test_unknown_names_are_told() -> None:
    """A need, a fear or a line that does not exist is an error, not an empty answer."""
    with pytest.raises(UnknownName):
        directory().search("pizza", at=MONDAY_NIGHT)
    with pytest.raises(UnknownName):
        directory().search("violencia", at=MONDAY_NIGHT, fears={"spiders"})
    with pytest.raises(UnknownName):
        directory().line("army")


def test_distance_is_said_only_where_the_position_is_known() -> None:
    """A centre whose coordinates were withdrawn is found in its district, without a distance."""
    unplaced = [one for one in directory().listings if one.id.startswith("CEM26-") and not one.lat]
    assert len(unplaced) == 12
    for centre in unplaced:
        assert centre.ubigeo is not None
        answer = directory().search(
            "violencia", place=place(centre.ubigeo), at=MONDAY_MORNING, limit=20
        )
        found = {one.listing.id: one for one in answer.found}
        assert centre.id in found
        assert found[centre.id].distance_km is None


def test_a_year_later_the_answer_still_leads_somewhere() -> None:
    """Three years without any confirmation: a line leads, the rest carries the warning."""
    later = MONDAY_MORNING + timedelta(days=3 * 365)
    answer = directory().search("violencia", place=place("160101"), at=later)
    assert is_line(answer.found[0].listing)
    assert all(one.is_stale for one in answer.found[1:])
