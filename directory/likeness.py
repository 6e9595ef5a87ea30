"""Services that may be one and the same: a number both have, or nearly one name in one district."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

from directory.listing import Listing
from directory.seeds import split
from directory.spelling import fold
from directory.telephone import same

ALIKE = 0.82
CENTRAL = 3
"""A number that so many services have is a central's, and no sign of a double."""


@dataclass(frozen=True, slots=True)
class Double:
    """A service like the one in hand; `by` says in what."""

    listing: Listing
    by: Literal["phones", "name"]


def doubles(service_id: str, said: Mapping[str, str], listings: Iterable[Listing]) -> list[Double]:
    """Other services in force that may be this one, the surest first."""
    others = [one for one in listings if one.id != service_id and one.status == "active"]
    by_number = list(_by_number(said, others))
    known = {one.listing.id for one in by_number}
    return by_number + [one for one in _by_name(said, others) if one.listing.id not in known]


def _by_number(said: Mapping[str, str], others: list[Listing]) -> Iterator[Double]:
    for field in ("phones", "whatsapp"):
        for text in split(said[field]):
            number = same(text)
            having = [one for one in others if number in _numbers(one)]
            if len(having) < CENTRAL:
                yield from (Double(one, "phones") for one in having)


def _numbers(one: Listing) -> set[str]:
    return {same(phone.text) for phone in (*one.phones, *one.whatsapp)}


def _by_name(said: Mapping[str, str], others: list[Listing]) -> Iterator[Double]:
    name = fold(said["name"])
    for one in others:
        if (one.ubigeo or "") == said["ubigeo"] and name:
            matcher = SequenceMatcher(None, name, fold(one.name))
            if matcher.quick_ratio() >= ALIKE and matcher.ratio() >= ALIKE:
                yield Double(one, "name")
