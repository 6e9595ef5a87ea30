"""A service as it would be: fields that nobody published yet, as a listing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from directory.listing import WITHDRAWN, Listing, Phone, Truth
from directory.models import FEAR_TAXONOMIES
from directory.rows import LANGUAGES, areas, read_number, source_day
from directory.seeds import split
from directory.soundness import row_of

TRUTHS: Mapping[str, Truth] = {"yes": "yes", "no": "no"}


def listing_of(said: Mapping[str, str]) -> Listing:
    """The listing that these fields, each sound, would make."""
    row = row_of(said["id"], said)
    covered = areas(row)
    return Listing(
        id=row.id,
        name=row.name,
        organization=row.organization,
        kind=row.kind,
        topics=split(row.topics),
        audiences=split(row.audience),
        phones=_phones(row.phones),
        whatsapp=_phones(row.whatsapp),
        email=row.email or None,
        url=row.url or None,
        address=row.address or None,
        district=row.district or None,
        province=row.province or None,
        department=row.department or None,
        ubigeo=row.ubigeo or None,
        lat=float(row.lat) if row.lat else None,
        lon=float(row.lon) if row.lon else None,
        coverage=tuple(name for name, _ in covered),
        areas=tuple(extent for _, extent in covered),
        hours=row.hours,
        free=TRUTHS.get(row.free, "unknown"),
        anonymous=TRUTHS.get(row.anonymous, "unknown"),
        fears={name: TRUTHS[said[name]] for name in FEAR_TAXONOMIES if said[name] in TRUTHS},
        languages=tuple(LANGUAGES[name] for name in split(row.languages)),
        source=row.source,
        source_url=row.source_url or None,
        source_at=source_day(row.source_date),
        confirmed_at=_day(said["confirmed_at"]),
        confidence=row.confidence,
        priority=int(row.priority or 3),
        status=said["status"],
        alert=said["alert"] or None,
        is_withdrawn=bool(WITHDRAWN.search(row.note)),
        closed_until=_day(said["closed_until"]),
    )


def _phones(texts: str) -> tuple[Phone, ...]:
    read = ((text, read_number(text)) for text in split(texts))
    return tuple(
        Phone(one.number, one.extension, one.menu) if one else Phone(text) for text, one in read
    )


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None
