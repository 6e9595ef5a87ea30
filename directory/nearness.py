"""Nearest first: a small k-d tree over points of the globe, exact, in plain Python.

Points are kept on the unit sphere, where the straight-line distance grows with the distance on
the ground, so no map projection bends the order.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import asin, cos, radians, sin, sqrt
from typing import Generic, TypeVar

EARTH_KM = 6371.0
LEAF = 16  # points in a leaf: below that a scan is quicker than another split

Item = TypeVar("Item")
Point = tuple[float, float, float]
Entry = tuple[Point, Item]


def point(lat: float, lon: float) -> Point:
    """A place, in degrees, on the unit sphere."""
    phi, lam = radians(lat), radians(lon)
    return (cos(phi) * cos(lam), cos(phi) * sin(lam), sin(phi))


def distance_km(one: Point, other: Point) -> float:
    """Kilometres on the ground between two points."""
    return _ground_km(_square(one, other))


@dataclass(frozen=True, slots=True)
class Branch(Generic[Item]):
    """Points parted in two halves at a value of one axis."""

    axis: int
    value: float
    low: Branch[Item] | list[Entry[Item]]
    high: Branch[Item] | list[Entry[Item]]


class Tree(Generic[Item]):
    """Items at points, to be walked from the nearest outwards."""

    def __init__(self, entries: Sequence[Entry[Item]]) -> None:
        self._root = _build(list(entries))

    def walk(self, start: Point) -> Iterator[tuple[float, Item]]:
        """Each item with its distance in kilometres, nearest first."""
        nodes: list[tuple[float, int, Branch[Item] | list[Entry[Item]]]] = [(0.0, 0, self._root)]
        items: list[tuple[float, int, Item]] = []
        count = 0  # breaks ties, so that nodes and items themselves are never compared
        while nodes or items:
            if items and (not nodes or items[0][0] <= nodes[0][0]):
                square, _, item = heapq.heappop(items)
                yield _ground_km(square), item
                continue
            square, _, node = heapq.heappop(nodes)
            count += 2
            if isinstance(node, Branch):
                gap = start[node.axis] - node.value
                near, far = (node.low, node.high) if gap < 0 else (node.high, node.low)
                heapq.heappush(nodes, (square, count, near))
                heapq.heappush(nodes, (max(square, gap * gap), count + 1, far))
                continue
            for where, item in node:
                count += 1
                heapq.heappush(items, (_square(start, where), count, item))

    def nearest(self, start: Point, most: int) -> list[tuple[float, Item]]:
        """The first `most` items of `walk`, in a fraction of its time."""
        x, y, z = start
        nodes: list[tuple[float, int, Branch[Item] | list[Entry[Item]]]] = [(0.0, 0, self._root)]
        found: list[tuple[float, int, Item]] = []  # the farthest on top
        count = 0
        while nodes and (len(found) < most or nodes[0][0] <= -found[0][0]):
            square, _, node = heapq.heappop(nodes)
            count += 2
            if isinstance(node, Branch):
                gap = start[node.axis] - node.value
                near, far = (node.low, node.high) if gap < 0 else (node.high, node.low)
                heapq.heappush(nodes, (square, count, near))
                heapq.heappush(nodes, (max(square, gap * gap), count + 1, far))
                continue
            for (px, py, pz), item in node:
                count += 1
                away = (x - px) ** 2 + (y - py) ** 2 + (z - pz) ** 2
                if len(found) < most:
                    heapq.heappush(found, (-away, -count, item))
                elif away < -found[0][0]:
                    heapq.heapreplace(found, (-away, -count, item))
        return [(_ground_km(-away), item) for away, _, item in sorted(found, reverse=True)]


def _build(entries: list[Entry[Item]]) -> Branch[Item] | list[Entry[Item]]:
    """A leaf holds a few entries, a branch two halves parted along the longest side."""
    if len(entries) <= LEAF:
        return entries
    spans = [
        max(entry[0][axis] for entry in entries) - min(entry[0][axis] for entry in entries)
        for axis in range(3)
    ]
    axis = spans.index(max(spans))
    entries.sort(key=lambda entry: entry[0][axis])
    middle = len(entries) // 2
    value = entries[middle][0][axis]
    return Branch(axis, value, _build(entries[:middle]), _build(entries[middle:]))


def _square(one: Point, other: Point) -> float:
    x, y, z = one[0] - other[0], one[1] - other[1], one[2] - other[2]
    return x * x + y * y + z * z


def _ground_km(square: float) -> float:
    return 2 * EARTH_KM * asin(min(1.0, sqrt(square) / 2))
