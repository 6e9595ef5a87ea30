"""What one search asks, and how good an answer one service is to it.

The order of answers is that of SAFETY 31, seen from where she stands:

1. the kind of service that the need prefers, then the ids it prefers;
2. near (30 km, or her own district), then what serves all of Peru, then far;
3. without what she fears before what nobody knows;
4. confirmed lately, official and of this year, the rest;
5. without many complaints of people who turned to it (`complaints`);
6. open, then unknown, then closed;
7. without any such complaint before with one;
8. the topic the need prefers, her own district, the nearest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from math import inf

from directory import schedules
from directory.errors import UnknownName
from directory.lines import line_services, lines
from directory.listing import FEARS, Found, Listing, is_stale, tier
from directory.nearness import Point
from directory.needs import Need
from directory.places import Place

NEAR_KM = 30.0
MANY = 3
"""So many more complaints than good answers weigh more than being open."""
OPENNESS = {True: 0, None: 1, False: 2}

Weight = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Asking:
    """One search: what she needs, where she is, when it is, and what she fears."""

    need: Need
    place: Place | None
    start: Point | None
    at: datetime
    fears: frozenset[str]
    troubles: Mapping[str, int] = field(default_factory=dict)
    prefix: str = field(init=False)
    today: date = field(init=False)
    _open: dict[str, bool | None] = field(init=False)

    def __post_init__(self) -> None:
        set_once = object.__setattr__  # worked out once a search, read for each service
        set_once(self, "prefix", self.place.prefix if self.place else "-")
        set_once(self, "today", self.at.date())
        set_once(self, "_open", {})
        if unknown := self.fears - FEARS.keys():
            raise UnknownName(f"no fear filter {sorted(unknown)[0]!r}")

    def is_open(self, listing: Listing) -> bool | None:
        """Whether it is open now; worked out once a search for all with the same hours."""
        if listing.closed_until is not None and listing.is_shut(self.today):
            return False
        hours = listing.hours
        if hours not in self._open:
            self._open[hours] = schedules.is_open(hours, self.at)
        return self._open[hours]

    def allows(self, listing: Listing) -> bool:
        """Whether it may be offered: not avoided by the need, and surely nothing she fears."""
        if self.need.is_avoided(listing.id, listing.kind):
            return False
        if not self.fears:
            return True
        return all(
            listing.fears.get(fear, "unknown") in ("unknown", FEARS[fear]) for fear in self.fears
        )

    def is_hers(self, listing: Listing) -> bool:
        """Whether it serves the place where she is."""
        areas = listing.areas
        return self.prefix[:2] in areas or listing.covers(self.prefix) or self.is_own(listing)

    def is_own(self, listing: Listing) -> bool:
        """Whether it stands in the very place where she is."""
        return listing.ubigeo is not None and listing.ubigeo.startswith(self.prefix)


def weigh(asking: Asking, listing: Listing, distance: float | None, topic_rank: int) -> Weight:
    """The lower, the better; `distance` in kilometres, None for a service without a position.

    Such a service is her region's all the same, so it is not held to be far.
    """
    is_own = asking.is_own(listing)
    is_near = is_own or distance is None or distance <= NEAR_KM
    trouble = asking.troubles.get(listing.id, 0) if asking.troubles else 0
    unknown = sum(1 for fear in asking.fears if fear not in listing.fears) if asking.fears else 0
    return (
        asking.need.preference(listing.id),
        not is_near,
        unknown,
        tier(listing, asking.today),
        trouble >= MANY,
        OPENNESS[asking.is_open(listing)],
        trouble > 0,
        topic_rank,
        not is_own,
        inf if distance is None else distance,
        listing.rank,
    )


def is_troubled(asking: Asking, listing: Listing) -> bool:
    """Whether many could not reach it lately; a national line stands where it is."""
    return asking.troubles.get(listing.id, 0) >= MANY and not is_line(listing)


def is_far(weight: Weight) -> bool:
    """Whether what was weighed so is neither near nor in her district."""
    return bool(weight[1])


def answer(asking: Asking, listing: Listing, distance: float | None) -> Found:
    """The service as an answer, with its hours seen from now."""
    is_open = asking.is_open(listing)
    has_position = listing.lat is not None and distance is not None
    return Found(
        listing=listing,
        is_open=is_open,
        opens_at=_opens_at(asking, listing) if is_open is False else None,
        closes_at=schedules.closing(listing.hours, asking.at) if is_open else None,
        distance_km=round(distance, 1) if has_position and distance is not None else None,
        is_stale=is_old(asking, listing),
        only_if=asking.need.condition(listing.kind),
    )


def _opens_at(asking: Asking, listing: Listing) -> datetime | None:
    """When it opens next; what is closed for the time being, after its last closed day."""
    after = asking.at
    if listing.closed_until is not None and listing.is_shut(asking.today):
        reopens = listing.closed_until + timedelta(days=1)
        after = datetime.combine(reopens, time(), schedules.LIMA)
        if schedules.is_open(listing.hours, after):
            return after
    return schedules.next_opening(listing.hours, after)


def is_old(asking: Asking, listing: Listing) -> bool:
    """Whether it needs the warning: stale, and no national line."""
    return is_stale(listing, asking.today) and not is_line(listing)


def is_line(listing: Listing) -> bool:
    """Whether it is a national line, or nothing but a menu option or an inner door of one."""
    if listing.id in line_services():
        return True
    if not listing.is_national or listing.url:
        return False
    numbers = {line.number for line in lines().values()}
    return any(phone.number in numbers for phone in listing.phones)


def repeats(listing: Listing, given: list[Listing]) -> bool:
    """Whether it is given already, or has no way to it that the others have not."""
    if any(one.id == listing.id for one in given):
        return True
    if listing.address:
        return False
    return ways(listing) <= {way for one in given for way in ways(one)}


def ways(listing: Listing) -> set[str]:
    """Every number and address by which it can be reached from afar."""
    written = (phone.text for phone in (*listing.phones, *listing.whatsapp))
    return {*written, listing.email or "", listing.url or ""} - {""}
