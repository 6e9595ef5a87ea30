"""Listings put where a search looks for them: by kind and topics, then by region and position."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import islice

from directory.listing import Listing
from directory.nearness import Point, Tree, distance_km, point
from directory.places import all_places

MOST = 32  # nearest services weighed per region: "open first" holds among these
MOST_OWN = 16  # services of her own district weighed even when farther than those


class Region:
    """The listings of one shelf that serve one department."""

    def __init__(self, listings: list[Listing]) -> None:
        located = [(where, one) for one in listings if (where := position(one))]
        self.tree = Tree(located)
        self.unlocated = tuple(one for one in listings if not position(one))
        self.by_district: dict[str, list[tuple[Point, Listing]]] = defaultdict(list)
        for where, one in located:
            if one.ubigeo:
                self.by_district[one.ubigeo].append((where, one))

    def around(self, start: Point, ubigeo: str) -> Iterator[tuple[float | None, Listing]]:
        """Each listing once, with kilometres where it has a position: nearest, and her district."""
        seen = set()
        for distance, one in self.tree.nearest(start, MOST):
            seen.add(one.id)
            yield distance, one
        for where, one in self.by_district.get(ubigeo, ())[:MOST_OWN]:
            if one.id not in seen:
                yield distance_km(start, where), one
        for one in self.unlocated[:MOST]:
            yield None, one


class Shelf:
    """The listings of one kind that answer the same topics."""

    def __init__(self, kind: str, topics: frozenset[str], listings: list[Listing]) -> None:
        self.kind = kind
        self.topics = topics
        self.national = tuple(one for one in listings if one.is_national)
        regional = [one for one in listings if not one.is_national]
        by_department: dict[str, list[Listing]] = defaultdict(list)
        for one in regional:
            for department in {area[:2] for area in one.areas}:
                by_department[department].append(one)
        self.regions = {code: Region(some) for code, some in by_department.items()}
        self._everywhere = Tree([(where, one) for one in regional if (where := position(one))])

    def nearest_beyond(self, start: Point, department: str) -> Iterator[tuple[float, Listing]]:
        """The nearest listings that do not serve her department."""
        outside = (
            (distance, one)
            for distance, one in self._everywhere.walk(start)
            if not any(area.startswith(department) for area in one.areas)
        )
        return islice(outside, MOST)


def fill(listings: Iterable[Listing]) -> dict[str, list[Shelf]]:
    """Shelves by kind."""
    alike: dict[tuple[str, frozenset[str]], list[Listing]] = defaultdict(list)
    for one in listings:
        alike[one.kind, frozenset(one.topics)].append(one)
    shelves: dict[str, list[Shelf]] = defaultdict(list)
    for (kind, topics), some in alike.items():
        shelves[kind].append(Shelf(kind, topics, some))
    return shelves


def position(listing: Listing) -> Point | None:
    """Where it is, or the centre of its district; None when only its region is known."""
    if listing.lat is not None and listing.lon is not None:
        return point(listing.lat, listing.lon)
    place = all_places().get(listing.ubigeo or "")
    if place is None or place.level != "district":
        return None
    return point(place.lat, place.lon)
