"""Which services answer a need, here and now.

`Directory` is an index in memory, built once from the tables and never changed; a published edit or
a complaint makes a new one. What serves her region or all of Peru always comes before what is
elsewhere; `weighing` orders the rest. A service that nobody ever confirmed and whose source is
older than 24 months comes only after a national line (SAFETY 31).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from copy import copy
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from directory import nearness
from directory.lines import Line, line, stand_ins
from directory.listing import Found, Listing, is_shown
from directory.needs import Need, need
from directory.places import Place, nearest
from directory.reading import Records, read
from directory.shelves import Shelf, fill
from directory.weighing import (
    Asking,
    Weight,
    answer,
    is_far,
    is_line,
    is_old,
    is_troubled,
    repeats,
    weigh,
)

MOST_NATIONAL = 6
ADDED_BY_EDITORS = 2  # priority from which a national service need not stand in needs.csv
DEFAULT_LINE = "women"  # answers everybody at every hour, and knows where to send her

Candidate = tuple[Weight, Listing, float | None]


@dataclass(frozen=True, slots=True)
class Answer:
    """What to show: `found` for her place, `national` always beside it, no service in both.

    `is_widened` says that her region has nothing of its own for this need, and that `found`
    holds services from elsewhere.
    """

    found: tuple[Found, ...]
    national: tuple[Found, ...]
    is_widened: bool = False


class Directory:
    """The services of one edition; safe to share between threads, since nothing changes."""

    def __init__(self, records: Records) -> None:
        self.version = records.version
        self.listings = records.listings
        self.troubles: Mapping[str, int] = {}
        self._superseded = records.superseded
        self._by_id = {one.id: one for one in records.listings}
        self._shelves = fill(one for one in records.listings if is_shown(one))

    @classmethod
    def of(cls, session: Session) -> Directory:
        """The directory as it is in the tables now."""
        return cls(read(session))

    def troubled(self, troubles: Mapping[str, int]) -> Directory:
        """The same edition with other complaints (`complaints.troubles`); the index is shared."""
        other = copy(self)
        other.troubles = troubles
        return other

    def row(self, service_id: str) -> Listing | None:
        """The row in force, shown or not: an old id gives the newer row. For editors and checks."""
        while service_id in self._superseded:
            service_id = self._superseded[service_id]
        return self._by_id.get(service_id)

    def service(self, service_id: str) -> Listing | None:
        """What to show for an id: its row, or what stands in for one that may not be shown."""
        candidates = (self.row(one) for one in (service_id, *stand_ins(service_id)))
        return next((one for one in candidates if one and is_shown(one)), None)

    def line(self, key: str) -> Line:
        """A national line of `emergency.yaml`; raises UnknownName."""
        return line(key)

    def need(self, need_id: str) -> Need:
        """A need of `needs.csv`; raises UnknownName."""
        return need(need_id)

    def search(
        self,
        need_id: str,
        *,
        place: Place | None = None,
        at: datetime,
        point: tuple[float, float] | None = None,
        fears: Iterable[str] = (),
        limit: int = 3,
    ) -> Answer:
        """The best services for a need.

        Args:
            need_id: an id of `needs.csv`.
            place: where she is, as a district, a province or a department.
            at: the moment, an aware time.
            point: where she is, latitude and longitude in degrees, when she shared it.
            fears: names of `listing.FEARS`; what surely has what she fears is left out.
            limit: how many to find at most; the national list is not counted.

        Raises:
            UnknownName: no such need or no such fear.
        """
        if place is None and point is not None:
            place = nearest(*point)
        here = point or (place and (place.lat, place.lon))
        start = nearness.point(*here) if here and place else None
        asking = Asking(need(need_id), place, start, at, frozenset(fears), self.troubles)
        curated = self._curated(asking)
        has_regional, found = self._found(asking, curated, limit)
        is_widened = False
        if place is not None and not has_regional and not _first_kind_is_served(asking, found):
            beyond = self._beyond(asking, limit - len(found))
            is_widened = bool(beyond)
            found += beyond
        found = self._after_a_line(asking, found)[:limit]
        return Answer(tuple(found), tuple(self._national(asking, curated, found)), is_widened)

    def _curated(self, asking: Asking) -> list[Listing]:
        """National services: the need's fallbacks in order, then those of the directory.

        What needs.csv leaves out of its fallbacks is left out on purpose when it is a State line
        (priority 0 and 1); organizations that editors add are taken without asking.
        """
        fallbacks = map(self.service, asking.need.fallbacks)
        matched = (
            one
            for kind in asking.need.kinds
            for _, shelf in self._matching(asking.need, kind)
            for one in shelf.national
            if one.priority >= ADDED_BY_EDITORS
        )
        allowed = (one for one in (*fallbacks, *matched) if one and asking.allows(one))
        return list({one.id: one for one in allowed}.values())

    def _found(
        self, asking: Asking, curated: list[Listing], limit: int
    ) -> tuple[bool, list[Found]]:
        """Whether any is of her region, and the best: hers and at most one national service."""
        chosen: dict[str, tuple[Listing, float | None]] = {}
        for kind in asking.need.kinds:
            if len(chosen) == limit:
                break
            has_national = any(one.is_national for one, _ in chosen.values())
            alike = sorted(
                (one for one in curated if one.kind == kind),
                key=lambda one: (is_old(asking, one), is_troubled(asking, one)),
            )
            national = alike[0] if alike else None
            for listing, distance in self._ranked(asking, kind, None if has_national else national):
                if len(chosen) == limit:
                    break
                if not repeats(listing, [one for one, _ in chosen.values()]):
                    chosen[listing.id] = (listing, distance)
        has_regional = any(not one.is_national for one, _ in chosen.values())
        return has_regional, [answer(asking, *one) for one in chosen.values()]

    def _ranked(
        self, asking: Asking, kind: str, national: Listing | None
    ) -> Iterator[tuple[Listing, float | None]]:
        """One kind of service in order: hers that are near, the national one, hers that are far."""
        weighed = sorted(self._regional(asking, kind))
        for weight, listing, distance in weighed:
            if national and is_far(weight):
                yield national, None
                national = None
            yield listing, distance
        if national:
            yield national, None

    def _regional(self, asking: Asking, kind: str) -> Iterator[Candidate]:
        """Services of a kind that serve her region and not all of Peru."""
        if asking.place is None or asking.start is None:
            return
        for topic_rank, shelf in self._matching(asking.need, kind):
            region = shelf.regions.get(asking.place.ubigeo[:2])
            if region is None:
                continue
            for distance, listing in region.around(asking.start, asking.place.ubigeo):
                if asking.allows(listing) and asking.is_hers(listing):
                    yield weigh(asking, listing, distance, topic_rank), listing, distance

    def _beyond(self, asking: Asking, limit: int) -> list[Found]:
        """The nearest services of other regions, of the kind that the need prefers."""
        if asking.place is None or asking.start is None:
            return []
        department = asking.place.ubigeo[:2]
        candidates: list[Candidate] = [
            (weigh(asking, listing, distance, topic_rank), listing, distance)
            for topic_rank, shelf in self._matching(asking.need, asking.need.kinds[0])
            for distance, listing in shelf.nearest_beyond(asking.start, department)
            if asking.allows(listing)
        ]
        found: list[Found] = []
        for _, listing, distance in sorted(candidates):
            if len(found) < limit and not repeats(listing, [one.listing for one in found]):
                found.append(answer(asking, listing, distance))
        return found

    def _matching(self, need: Need, kind: str) -> list[tuple[int, Shelf]]:
        """Shelves of a kind that answer the need, with the rank of the topic they answer."""
        if kind in need.avoid_kinds:
            return []
        return [
            (rank, shelf)
            for shelf in self._shelves.get(kind, ())
            if (rank := _topic_rank(need, shelf)) is not None
        ]

    def _national(self, asking: Asking, curated: list[Listing], found: list[Found]) -> list[Found]:
        """The national services that are not found already; always one that is open now."""
        given = [one.listing for one in found]
        national: list[Found] = []
        for listing in curated:
            if len(national) < MOST_NATIONAL and not repeats(listing, given):
                given.append(listing)
                national.append(answer(asking, listing, None))
        if not any(is_line(one.listing) for one in found):
            national = self._after_a_line(asking, national)
        if not any(one.is_open and one.listing.is_national for one in (*found, *national)):
            national.append(answer(asking, self._default_line(), None))
        return national

    def _after_a_line(self, asking: Asking, found: list[Found]) -> list[Found]:
        """The same with a national line before the first stale service."""
        stale = next((place for place, one in enumerate(found) if one.is_stale), None)
        if stale is None or any(is_line(one.listing) for one in found[:stale]):
            return found
        first = answer(asking, self._line_for(asking), None)
        rest = (one for one in found[stale:] if one.listing.id != first.listing.id)
        return [*found[:stale], first, *rest]

    def _line_for(self, asking: Asking) -> Listing:
        """The first national line among the need's fallbacks, else the default one."""
        fallbacks = map(self.row, asking.need.fallbacks)
        allowed = (one for one in fallbacks if one and is_line(one) and asking.allows(one))
        return next(allowed, self._default_line())

    def _default_line(self) -> Listing:
        listing = self.row(line(DEFAULT_LINE).service)
        if listing is None:
            raise LookupError(f"the directory has no row for the line {DEFAULT_LINE!r}")
        return listing


def _topic_rank(need: Need, shelf: Shelf) -> int | None:
    """Place of the first topic of the need that the shelf answers; None when it answers none."""
    return next((rank for rank, one in enumerate(need.topics) if one in shelf.topics), None)


def _first_kind_is_served(asking: Asking, found: list[Found]) -> bool:
    """Whether a national service is of the very kind she needs: then nothing far helps more."""
    return any(one.listing.kind == asking.need.kinds[0] for one in found)
