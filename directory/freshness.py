"""Which services somebody should call again, because what we know of them is old (SAFETY 31)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from directory.listing import Listing, is_shown, is_stale, tier

FRESH_TIERS = (0, 1)
"""Confirmed within 90 days, or said by the body itself within a year."""
ASKED_AGAIN = timedelta(days=60)
"""So long after a confirmation, a month before it stops counting."""


@dataclass(frozen=True, slots=True)
class Stale:
    """A service to ask again. `since` is the last day that anything was known of it;
    `has_warning` says that people are shown a warning beside it."""

    listing: Listing
    since: date
    has_warning: bool


def stale(listings: Iterable[Listing], today: date) -> list[Stale]:
    """What is shown to people and to be asked again, the oldest first."""
    found = [
        Stale(one, max(one.source_at, one.confirmed_at or one.source_at), is_stale(one, today))
        for one in listings
        if is_shown(one) and one.source_at and _is_due(one, today)
    ]
    return sorted(found, key=lambda one: (one.since, one.listing.id))


def _is_due(one: Listing, today: date) -> bool:
    if one.confirmed_at:
        return today - one.confirmed_at >= ASKED_AGAIN
    return tier(one, today) not in FRESH_TIERS
