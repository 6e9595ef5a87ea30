"""Services by their name, for staff who know whom they look for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from directory import schedules
from directory.listing import Found, Listing, is_shown, is_stale
from directory.places import Place
from directory.spelling import fold
from directory.weighing import is_line


def named(listings: Iterable[Listing], words: str, place: Place | None) -> Iterator[Listing]:
    """What may be shown and has every word in its name, organization or place: what serves `place`
    first, then all of Peru, then the rest."""
    wanted = fold(words).split()
    found = [one for one in listings if wanted and is_shown(one) and _has(one, wanted)]
    prefix = place.prefix if place else "-"
    yield from sorted(
        found, key=lambda one: (not one.covers(prefix), not one.is_national, one.priority, one.rank)
    )


def seen(listing: Listing, at: datetime) -> Found:
    """A service as an answer to nothing but its name, with its hours seen from now."""
    is_open = schedules.is_open(listing.hours, at)
    return Found(
        listing=listing,
        is_open=is_open,
        opens_at=schedules.next_opening(listing.hours, at) if is_open is False else None,
        closes_at=schedules.closing(listing.hours, at) if is_open else None,
        distance_km=None,
        is_stale=is_stale(listing, at.date()) and not is_line(listing),
    )


def _has(listing: Listing, wanted: list[str]) -> bool:
    parts = (
        listing.name,
        listing.organization,
        listing.district,
        listing.province,
        listing.department,
        *(phone.text for phone in listing.phones),
    )
    known = fold(" ".join(part for part in parts if part)).split()
    return all(any(each.startswith(word) for each in known) for word in wanted)
