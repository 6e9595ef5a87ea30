"""A service as Open Referral's HSDS 3.0 writes it (docs.openreferral.org, schema `service`).

Ids are derived from our codes, so that the same service has the same UUID in every export. What
HSDS has no field for is an attribute of one of our `taxonomies`; where the facts come from too.
A record with `full` holds all that belongs to it, without it only what it has one of.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from typing import Any

from directory import schedules
from directory.listing import Listing, Phone
from directory.places import all_places
from directory.seeds import split
from directory.taxonomies import attribute, said
from directory.taxonomies import uuid as _id

LIMA_HOURS = -5
"""America/Lima has had no summer time since 1994."""
PLAIN_WEEK = date(2026, 3, 2)
"""A Monday whose week has no Peruvian holiday: what it shows is the usual week."""
DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
LANGUAGE_NAMES = {
    "es": "español",
    "qu": "quechua",
    "ay": "aimara",
    "en": "inglés",
    "prl": "lengua de señas peruana",
}
Record = dict[str, Any]


def service(one: Listing, *, full: bool = True) -> Record:
    """A service; full, with its ways, hours, places and all that we say of it."""
    mails = split(one.email or "")
    written: Record = {
        "id": _id("service", one.id),
        "organization_id": _id("organization", one.organization),
        "name": one.name,
        "status": one.status,
        "organization": organization(one.organization),
    }
    if mails:
        written["email"] = mails[0]
    for name, value in (("url", one.url), ("alert", one.alert)):
        if value:
            written[name] = value
    if one.confirmed_at:
        written["assured_date"] = one.confirmed_at.isoformat()
    if one.modified_at:
        written["last_modified"] = one.modified_at.isoformat(timespec="seconds")
    if not full:
        return written
    return written | {
        "phones": [*_phones(one, one.phones, "voice"), *_phones(one, one.whatsapp, "whatsapp")],
        "contacts": [{"id": _id("contact", one.id, mail), "email": mail} for mail in mails[1:]],
        "schedules": list(_schedules(one)),
        "service_areas": [
            {"id": _id("area", one.id, extent), "name": name, "extent": extent or "PE"}
            for name, extent in zip(one.coverage, one.areas, strict=True)
        ],
        "service_at_locations": list(_places(one)),
        "languages": [
            {
                "id": _id("language", one.id, code),
                "name": LANGUAGE_NAMES.get(code, code),
                "code": code,
            }
            for code in one.languages
        ],
        "cost_options": list(_costs(one)),
        "attributes": [attribute(one, *fact) for fact in said(one)],
    }


def organization(name: str, services: Iterable[Listing] = (), *, full: bool = False) -> Record:
    """Who runs services; with them, when they are given, each short or full."""
    written: Record = {"id": _id("organization", name), "name": name, "description": name}
    given = [service(one, full=full) for one in services]
    return written | ({"services": given} if given else {})


def service_at_location(one: Listing, *, full: bool = True) -> Record:
    """A service where it is found, with the service; raises StopIteration when nowhere."""
    found = next(_places(one))
    if not full:
        found["location"].pop("addresses", None)
    return found | {"service": service(one, full=full)}


def _phones(one: Listing, phones: Iterable[Phone], kind: str) -> Iterator[Record]:
    for phone in phones:
        written: Record = {
            "id": _id("phone", one.id, kind, phone.text),
            "number": phone.number,
            "type": kind,
        }
        if phone.extension:
            written["extension"] = int(phone.extension)
        if phone.menu:
            written["description"] = phone.menu
        yield written


def _schedules(one: Listing) -> Iterator[Record]:
    """The usual week, the days with the same hours together; nothing when nobody knows."""
    alike: dict[tuple[str, str], list[str]] = defaultdict(list)
    for number, day in enumerate(DAYS):
        for start, end in schedules.intervals(one.hours, PLAIN_WEEK + timedelta(days=number)):
            alike[start.strftime("%H:%M"), _closing(end, start)].append(day)
    back = one.closed_until and one.closed_until + timedelta(days=1)
    for (opens_at, closes_at), days in alike.items():
        yield {
            **({"valid_from": back.isoformat()} if back else {}),
            "id": _id("schedule", one.id, opens_at, closes_at),
            "freq": "WEEKLY",
            "byday": ",".join(days),
            "opens_at": opens_at,
            "closes_at": closes_at,
            "timezone": LIMA_HOURS,
            "description": one.hours,
        }


def _closing(end: datetime, start: datetime) -> str:
    """Midnight belongs to the next day; HSDS wants a time of the same."""
    return end.strftime("%H:%M") if end.date() == start.date() else "23:59"


def _places(one: Listing) -> Iterator[Record]:
    place = all_places().get(one.ubigeo or "")
    if place is None:
        return
    location: Record = {"id": _id("location", one.id), "location_type": "physical"}
    location["name"] = place.label
    location["external_identifier"], location["external_identifier_type"] = place.ubigeo, "ubigeo"
    if one.lat is not None and one.lon is not None:
        location |= {"latitude": one.lat, "longitude": one.lon}
    if one.address:
        location["addresses"] = [
            {
                "id": _id("address", one.id),
                "address_1": one.address,
                "city": one.district or one.province or place.name,
                "region": one.province or "",
                "state_province": one.department or "",
                "postal_code": "",
                "country": "PE",
                "address_type": "physical",
            }
        ]
    yield {
        "id": _id("service_at_location", one.id),
        "service_id": _id("service", one.id),
        "location_id": location["id"],
        "location": location,
    }


def _costs(one: Listing) -> Iterator[Record]:
    if one.free != "unknown":
        option = "free" if one.free == "yes" else "paid"
        yield {"id": _id("cost", one.id), "option": option, "currency": "PEN"}
