"""Which services somebody should call again: what we know of them is old, or people could not
reach them (SAFETY 31 and 34)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from directory.complaints import Tally
from directory.listing import Listing, is_shown, is_stale, tier

FRESH_TIERS = (0, 1)
"""Confirmed within 90 days, or said by the body itself within a year."""
ASKED_AGAIN = timedelta(days=60)
"""So long after a confirmation, a month before it stops counting."""


@dataclass(frozen=True, slots=True)
class Stale:
    """A service to ask again. `since` is the last day that anything was known of it;
    `has_warning` says that people are shown a warning beside it. `tally` is what they said of it
    and how often they see it."""

    listing: Listing
    since: date
    has_warning: bool
    tally: Tally = field(default_factory=Tally)


def stale(listings: Iterable[Listing], today: date) -> list[Stale]:
    """What is shown to people and to be asked again, the oldest first."""
    return sorted(_shown(listings, {}, today), key=lambda one: (one.since, one.listing.id))


def to_call(listings: Iterable[Listing], tallies: Mapping[str, Tally], today: date) -> list[Stale]:
    """The same with what people complained of: many complaints in a day first, then any, then what
    is shown most, then the oldest."""

    def order(one: Stale) -> tuple[bool, int, int, date, str]:
        said = one.tally
        return not said.is_to_review, -said.trouble, -said.shown, one.since, one.listing.id

    return sorted(_shown(listings, tallies, today), key=order)


def _shown(
    listings: Iterable[Listing], tallies: Mapping[str, Tally], today: date
) -> Iterator[Stale]:
    for one in listings:
        said = tallies.get(one.id, Tally())
        if is_shown(one) and one.source_at:
            since = max(one.source_at, one.confirmed_at or one.source_at)
            if _is_due(one, today) or said.trouble or said.is_to_review:
                yield Stale(one, since, is_stale(one, today), said)


def _is_due(one: Listing, today: date) -> bool:
    if one.confirmed_at:
        return today - one.confirmed_at >= ASKED_AGAIN
    return tier(one, today) not in FRESH_TIERS
