"""Loading the seed: repeatable, never over the head of a person who corrected a row."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from directory import models
from directory.rows import FILE, LANGUAGES, Row, areas, read_number, read_rows, source_day
from directory.seeds import digest, split

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


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a load did, in services. `kept` were corrected by people and left alone."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    kept: int = 0


def load(session: Session) -> Loaded:
    """Bring the tables to the seed; the caller commits. The tables must exist.

    Loading twice changes nothing. A service with `edited_at` or `confirmed_at` is never touched,
    one that left the seed stays. When the seed is the one loaded last, no row is even looked at.
    """
    seed = digest(FILE)
    edition = session.get(models.Edition, 1)
    if edition is not None and edition.seed_digest == seed:
        return Loaded()
    rows = {row.id: row for row in read_rows()}
    stored = session.execute(
        select(
            models.Service.id,
            models.Service.seed_digest,
            models.Service.edited_at,
            models.Service.confirmed_at,
        )
    ).all()
    kept = {one.id for one in stored if one.edited_at or one.confirmed_at} & rows.keys()
    same = {one.id for one in stored if one.id in rows and one.seed_digest == rows[one.id].digest}
    known = {one.id for one in stored} & rows.keys()
    changed = known - same - kept
    _forget(session, changed)
    _write(session, [row for row in rows.values() if row.id not in known or row.id in changed])
    _mark_superseded(session, rows.values(), kept)
    if edition is None:
        session.add(models.Edition(id=1, seed_digest=seed, version=1))
    else:
        edition.seed_digest = seed
        edition.version += 1
    session.flush()
    return Loaded(len(rows) - len(known), len(changed), len(same - kept), len(kept))


def _forget(session: Session, ids: set[str]) -> None:
    """Remove the parts of rows that will be written anew; the service row itself is updated."""
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


def _write(session: Session, rows: list[Row]) -> None:
    """Insert or update services, and insert all their parts, a table at a time."""
    organizations = _organizations(session, {row.organization for row in rows})
    stored = set(session.scalars(select(models.Service.id)))
    for row in rows:
        if row.id in stored:
            service = session.get_one(models.Service, row.id)
            for name, value in _service(row, organizations).items():
                setattr(service, name, value)
    session.flush()
    fresh = [_service(row, organizations) for row in rows if row.id not in stored]
    _insert(session, models.Service, fresh)
    _insert(session, models.Phone, [part for row in rows for part in _phones(row)])
    _insert(session, models.Attribute, [part for row in rows for part in _attributes(row)])
    for model, column, values in (
        (models.Schedule, "opening_hours", lambda row: [row.hours] if row.hours else []),
        (models.Language, "code", lambda row: [LANGUAGES[one] for one in split(row.languages)]),
        (models.CostOption, "option", lambda row: COSTS.get(row.free, [])),
    ):
        parts = [{"service_id": row.id, column: value} for row in rows for value in values(row)]
        _insert(session, model, parts)
    covered = [
        {"service_id": row.id, "name": name, "extent": extent}
        for row in rows
        for name, extent in areas(row)
    ]
    _insert(session, models.ServiceArea, covered)
    _place(session, [row for row in rows if row.ubigeo])


def _service(row: Row, organizations: dict[str, int]) -> dict[str, Any]:
    return {
        "id": row.id,
        "organization_id": organizations[row.organization],
        "name": row.name,
        "url": row.url or None,
        "email": row.email or None,
        "status": "active",
        "note": row.note or None,
        "source": row.source,
        "source_url": row.source_url or None,
        "source_at": source_day(row.source_date),
        "seed_digest": row.digest,
    }


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
    _insert(session, models.ServiceAtLocation, at)
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
    _insert(session, models.Address, addresses)


def _organizations(session: Session, names: set[str]) -> dict[str, int]:
    """Ids by name, new organizations added."""
    one = models.Organization
    stored = set(session.scalars(select(one.name)))
    _insert(session, one, [{"name": name} for name in sorted(names - stored)])
    return {row.name: row.id for row in session.execute(select(one.id, one.name))}


def _insert(session: Session, model: type[models.Base], parts: list[dict[str, Any]]) -> None:
    if parts:
        session.execute(insert(model), parts)


def _mark_superseded(session: Session, rows: Iterable[Row], kept: set[str]) -> None:
    """Point each older row at the newer one; not when people corrected the older."""
    newer = {row.supersedes: row.id for row in rows if row.supersedes}
    service = models.Service
    for old, pointed in session.execute(select(service.id, service.superseded_by)).all():
        if old not in kept and newer.get(old, pointed) != pointed:
            points = update(service).where(service.id == old).values(superseded_by=newer[old])
            session.execute(points)
