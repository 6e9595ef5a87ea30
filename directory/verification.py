"""Proof of the directory as it stands in the tables, with what editors changed.

`checks` proves the seed's files; here each problem reads `CODE: what is wrong`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, timedelta

from directory import fields, schedules
from directory.checks import FARTHEST_KM
from directory.errors import EditRefused
from directory.lines import Line, lines, stand_ins
from directory.listing import Listing, has_contact
from directory.nearness import distance_km, point
from directory.places import all_places, elsewhere
from directory.rows import LANGUAGES
from directory.seeds import split

DAYS = 28
"""An opening in every four weeks; hours without one are a slip of the pen."""


def problems(listings: Iterable[Listing], today: date) -> list[str]:
    """Everything that is wrong with the services in force; empty when all is well."""
    by_id = {one.id: one for one in listings}
    found = [f"{one.id}: {wrong}" for one in by_id.values() for wrong in _service(one, today)]
    for line in lines().values():
        found += [f"{line.service}: {wrong}" for wrong in _line(line, by_id.get(line.service))]
    return sorted(found)


def _service(one: Listing, today: date) -> Iterator[str]:
    yield from _ways(one, today)
    if one.hours and not schedules.is_known(one.hours):
        yield f"hours {one.hours!r} cannot be read"
    elif one.hours and not _opens(one.hours, today):
        yield f"hours {one.hours!r} never open"
    if not one.languages:
        yield "no language"
    for language in set(one.languages) - set(LANGUAGES.values()):
        yield f"language {language!r} is unknown"
    yield from _position(one)


def _position(one: Listing) -> Iterator[str]:
    """Whether it stands in the district that it says."""
    place = all_places().get(one.ubigeo or "")
    if one.ubigeo and place is None:
        yield f"there is no place {one.ubigeo}"
    if place is None or one.lat is None or one.lon is None:
        return
    away = distance_km(point(one.lat, one.lon), point(place.lat, place.lon))
    if away > FARTHEST_KM:
        yield f"its position is {away:.0f} km from {place.label}"
    elif there := elsewhere(place, one.lat, one.lon):
        yield f"its position is in {there.label}, not in {place.label}"


def _ways(one: Listing, today: date) -> Iterator[str]:
    """How it is reached: at least one way, each of a shape that can be reached in Peru."""
    if not has_contact(one) and not stand_ins(one.id):
        yield "no contact, and nothing stands in for it"
    ways = (
        *(("phones", phone.text, "phone number") for phone in one.phones),
        *(("whatsapp", phone.text, "number to write to") for phone in one.whatsapp),
        *(("email", mail, "mail address of a service") for mail in split(one.email or "")),
        ("url", one.url or "", "web address"),
    )
    for field, text, what in ways:
        try:
            fields.read(field, text, today)
        except EditRefused:
            yield f"{text!r} is no {what}"


def _opens(hours: str, today: date) -> bool:
    days = (today + timedelta(days=number) for number in range(DAYS))
    return any(schedules.intervals(hours, day) for day in days)


def _line(line: Line, one: Listing | None) -> Iterator[str]:
    """A national line must say the same wherever it stands."""
    if one is None:
        yield f"the national line {line.key} has no service"
        return
    if line.number not in (*(phone.text for phone in one.phones), one.url):
        yield f"the national line {line.key} is {line.number}, which is not among its numbers"
    if line.hours != one.hours:
        yield f"the national line {line.key} answers {line.hours!r}, not {one.hours!r}"
