"""From facts to tables: a service row as `rows` knows it, written over all the tables it fills.

Loading the seed and publishing an edit write by these same functions, so that what was imported,
typed or loaded is one and the same service.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from directory import models
from directory.rows import LANGUAGES, Row, areas, read_number, source_day
from directory.seeds import split

PARTS = (
    models.Phone,
    models.Schedule,
    models.ServiceArea,
    models.Language,
    models.CostOption,
    models.Attribute,
)
COSTS = {"yes": ["free"], "no": ["paid"]}
BATCH = 500  # ids in one IN list; SQLite allows 999 variables in its oldest builds


def forget(session: Session, ids: Iterable[str]) -> None:
    """Remove the parts of services that will be written anew; the service row itself stays."""
    ordered = sorted(ids)
    for start in range(0, len(ordered), BATCH):
        some = ordered[start : start + BATCH]
        at = models.ServiceAtLocation
        places = list(session.scalars(select(at.location_id).where(at.service_id.in_(some))))
        session.execute(delete(at).where(at.service_id.in_(some)))
        session.execute(delete(models.Address).where(models.Address.location_id.in_(places)))
        session.execute(delete(models.Location).where(models.Location.id.in_(places)))
        for part in PARTS:
            session.execute(delete(part).where(part.service_id.in_(some)))


def facts(row: Row, organizations: dict[str, int]) -> dict[str, Any]:
    """The columns of the service itself that a row says."""
    return {
        "id": row.id,
        "organization_id": organizations[row.organization],
        "name": row.name,
        "url": row.url or None,
        "email": row.email or None,
        "note": row.note or None,
        "source": row.source,
        "source_url": row.source_url or None,
        "source_at": source_day(row.source_date),
    }


def write(session: Session, rows: list[Row]) -> None:
    """Insert all parts of services that have none, a table at a time."""
    insert_all(session, models.Phone, [part for row in rows for part in _phones(row)])
    insert_all(session, models.Attribute, [part for row in rows for part in _attributes(row)])
    for model, column, values in (
        (models.Schedule, "opening_hours", lambda row: [row.hours] if row.hours else []),
        (models.Language, "code", lambda row: [LANGUAGES[one] for one in split(row.languages)]),
        (models.CostOption, "option", lambda row: COSTS.get(row.free, [])),
    ):
        parts = [{"service_id": row.id, column: value} for row in rows for value in values(row)]
        insert_all(session, model, parts)
    covered = [
        {"service_id": row.id, "name": name, "extent": extent}
        for row in rows
        for name, extent in areas(row)
    ]
    insert_all(session, models.ServiceArea, covered)
    _place(session, [row for row in rows if row.ubigeo])


def organizations(session: Session, names: set[str]) -> dict[str, int]:
    """Ids by name, new organizations added."""
    one = models.Organization
    stored = set(session.scalars(select(one.name)))
    insert_all(session, one, [{"name": name} for name in sorted(names - stored)])
    return {row.name: row.id for row in session.execute(select(one.id, one.name))}


def insert_all(session: Session, model: type[models.Base], parts: list[dict[str, Any]]) -> None:
    """Insert rows of one table; none is nothing to do."""
    if parts:
        session.execute(insert(model), parts)


def _phones(row: Row) -> list[dict[str, Any]]:
    voiced = [("voice", text) for text in split(row.phones)]
    written = [("whatsapp", text) for text in split(row.whatsapp)]
    parts = []
    for position, (kind, text) in enumerate(voiced + written):
        read = read_number(text)
        parts.append(
            {
                "service_id": row.id,
                "number": read.number if read else text,
                "extension": read.extension if read else None,
                "description": read.menu if read else None,
                "type": kind,
                "position": position,
            }
        )
    return parts


def _attributes(row: Row) -> list[dict[str, Any]]:
    said = [("topic", topic) for topic in split(row.topics)]
    said += [("audience", audience) for audience in split(row.audience)]
    said += [("kind", row.kind), ("priority", row.priority), ("confidence", row.confidence)]
    if row.anonymous == "yes":
        said.append(("anonymous", "yes"))
    facts = [{"taxonomy": name, "value": value, "evidence": None} for name, value in said]
    facts += [
        {"taxonomy": name, "value": value, "evidence": row.source}
        for name, value in row.fears.items()
    ]
    return [{"service_id": row.id, **fact} for fact in facts]


def _place(session: Session, rows: list[Row]) -> None:
    """Locations, their addresses, and which service is there."""
    places = [
        {
            "ubigeo": row.ubigeo,
            "latitude": float(row.lat) if row.lat else None,
            "longitude": float(row.lon) if row.lon else None,
        }
        for row in rows
    ]
    if not places:
        return
    location = models.Location
    made = insert(location).returning(location.id, sort_by_parameter_order=True)
    ids = list(session.scalars(made, places))
    placed = list(zip(rows, ids, strict=True))
    at = [{"service_id": row.id, "location_id": location_id} for row, location_id in placed]
    insert_all(session, models.ServiceAtLocation, at)
    addresses = [
        {
            "location_id": location_id,
            "address_1": row.address,
            "city": row.district,
            "region": row.province or None,
            "state_province": row.department,
        }
        for row, location_id in placed
        if row.address
    ]
    insert_all(session, models.Address, addresses)
