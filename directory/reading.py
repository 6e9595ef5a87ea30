"""From the tables to listings: a handful of queries, whatever the number of services."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from directory import models
from directory.listing import WITHDRAWN, Listing, Phone
from directory.models import FEAR_TAXONOMIES
from directory.places import all_places

FREE = {"free": "yes", "paid": "no"}


@dataclass(frozen=True, slots=True)
class Records:
    """Every listing, shown or not, in the order of the directory; and the newer id of old ones."""

    version: int
    listings: tuple[Listing, ...]
    superseded: dict[str, str]


def version(session: Session) -> int:
    """The number that grows with every load and every published change; 0 before the first."""
    return session.scalar(select(models.Edition.version).where(models.Edition.id == 1)) or 0


def read(session: Session, only: str | None = None) -> Records:
    """Everything that is in force now, or `only` the service of this id."""
    now = version(session)
    service = models.Service
    names = {one.id: one.name for one in session.scalars(select(models.Organization))}
    phones = _parts(session, only, models.Phone, order=models.Phone.position)
    attributes = _parts(session, only, models.Attribute)
    hours = _parts(session, only, models.Schedule)
    areas = _parts(session, only, models.ServiceArea)
    languages = _parts(session, only, models.Language)
    costs = _parts(session, only, models.CostOption)
    located = _locations(session, only)
    listings: list[Listing] = []
    superseded: dict[str, str] = {}
    columns = service.__table__.c
    wanted = select(*columns).order_by(service.id)
    if only is not None:
        wanted = wanted.where(service.id == only)
    for rank, row in enumerate(session.execute(wanted)):
        if row.superseded_by:
            superseded[row.id] = row.superseded_by
            continue
        said = defaultdict(list)
        for attribute in attributes[row.id]:
            said[attribute.taxonomy].append(attribute.value)
        kind = _one(said["kind"], "")
        listings.append(
            Listing(
                id=row.id,
                name=row.name,
                organization=names[row.organization_id],
                kind=kind,
                topics=tuple(said["topic"]),
                audiences=tuple(said["audience"]),
                phones=_phones(phones[row.id], "voice"),
                whatsapp=_phones(phones[row.id], "whatsapp"),
                email=row.email,
                url=row.url,
                coverage=tuple(area.name for area in areas[row.id]),
                areas=tuple(area.extent for area in areas[row.id]),
                hours=_one([one.opening_hours for one in hours[row.id] if not one.valid_to], ""),
                closed_until=_one([one.valid_to for one in hours[row.id] if one.valid_to], None),
                free=_one([FREE.get(one.option, "unknown") for one in costs[row.id]], "unknown"),
                anonymous=_one(said["anonymous"], "unknown"),
                fears={name: said[name][0] for name in FEAR_TAXONOMIES if said[name]},
                languages=tuple(one.code for one in languages[row.id]),
                source=row.source,
                source_url=row.source_url,
                source_at=row.source_at,
                confirmed_at=row.confirmed_at,
                confidence=_one(said["confidence"], "medium"),
                priority=int(_one(said["priority"], "3")),
                status=row.status,
                alert=row.alert,
                is_withdrawn=bool(WITHDRAWN.search(row.note or "")),
                rank=rank,
                modified_at=_latest(row.edited_at, row.seeded_at),
                **_where(located.get(row.id), kind),
            )
        )
    return Records(now, tuple(listings), superseded)


def _latest(*moments: datetime | None) -> datetime | None:
    return max((aware(one) for one in moments if one is not None), default=None)


def aware(at: datetime) -> datetime:
    """SQLite keeps no zone; what was written was UTC."""
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _parts(
    session: Session, only: str | None, model: Any, order: Any = None
) -> dict[str, list[Any]]:
    """Rows of a table under the service they belong to, in order."""
    found: dict[str, list[Any]] = defaultdict(list)
    ordered = select(*model.__table__.c).order_by(model.id if order is None else order, model.id)
    if only is not None:
        ordered = ordered.where(model.service_id == only)
    for row in session.execute(ordered):
        found[row.service_id].append(row)
    return found


def _locations(session: Session, only: str | None) -> dict[str, Any]:
    """The location of each service, with its street where there is one."""
    at, place, address = models.ServiceAtLocation, models.Location, models.Address
    joined = (
        select(at.service_id, place.ubigeo, place.latitude, place.longitude, address.address_1)
        .join(place, place.id == at.location_id)
        .outerjoin(address, address.location_id == place.id)
        .order_by(at.id.desc())  # the first location stays in the dictionary
    )
    if only is not None:
        joined = joined.where(at.service_id == only)
    return {row.service_id: row for row in session.execute(joined)}


def _where(located: Any, kind: str) -> dict[str, Any]:
    """Place fields; a shelter keeps its region and nothing nearer (SAFETY 16)."""
    place = all_places().get(located.ubigeo) if located else None
    if place is None:
        names = ("address", "district", "province", "department", "ubigeo", "lat", "lon")
        return dict.fromkeys(names)
    hidden = kind == "shelter"
    return {
        "address": None if hidden else located.address_1,
        "district": place.name if place.level == "district" and not hidden else None,
        "province": place.province or None if not hidden else None,
        "department": place.department,
        "ubigeo": place.ubigeo[:2] + "0000" if hidden else place.ubigeo,
        "lat": None if hidden else located.latitude,
        "lon": None if hidden else located.longitude,
    }


def _phones(rows: Iterable[Any], kind: str) -> tuple[Phone, ...]:
    return tuple(
        Phone(row.number, row.extension, row.description) for row in rows if row.type == kind
    )


def _one(values: list[Any], otherwise: Any) -> Any:
    return values[0] if values else otherwise
