"""A service as a person may see it, and the rules about what is never shown."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Literal

Truth = Literal["yes", "no", "unknown"]

OLDEST = date(2018, 1, 1)  # a source before this day is never shown
CONFIRMED_FOR = timedelta(days=90)
OFFICIAL_FOR = timedelta(days=365)
STALE_AFTER = timedelta(days=730)
WITHDRAWN = re.compile(r"obsoleto|no mostrar", re.IGNORECASE)
NATIONAL_NUMBER = re.compile(r"\d{3,4}|0800[ -]?\d{5}")  # short codes and toll-free lines
LIMA_NUMBER = re.compile(r"\(01\).*")
METROPOLIS = ("15", "07")  # Lima and Callao, where a number that begins with 01 is local

# What somebody may be afraid of, or count on, and the answer that puts her mind at rest.
FEARS: Mapping[str, Truth] = {
    "asks_id": "no",
    "works_with_police": "no",
    "takes_without_papers": "yes",
    "friendly_sex_workers": "yes",
    "friendly_trans": "yes",
    "has_interpreter": "yes",
    "women_at_desk": "yes",
}


@dataclass(frozen=True, slots=True)
class Phone:
    """A number to call or, for `whatsapp`, to write to; `text` is how it is shown."""

    number: str
    extension: str | None = None
    menu: str | None = None

    @property
    def text(self) -> str:
        """`(01) 390-2800 anexo 2701`, `113 opción 5`."""
        inner = f" anexo {self.extension}" if self.extension else ""
        menu = f" {self.menu}" if self.menu else ""
        return f"{self.number}{inner}{menu}"


@dataclass(frozen=True, slots=True)
class Listing:
    """One service with its contacts, its place and where the facts come from.

    `areas` are ubigeo prefixes it covers, `""` meaning all of Peru. `hours` is an opening_hours
    string, empty when unknown; until the end of `closed_until` it is closed whatever they say.
    `source_at` is the earliest day its source allows, `confirmed_at`
    the last day somebody confirmed it. `rank` is its place in the directory, a last tie-break.
    `modified_at` is when people or the seed last wrote it here; two that say the same are equal.
    """

    id: str
    name: str
    organization: str
    kind: str
    topics: tuple[str, ...]
    audiences: tuple[str, ...]
    phones: tuple[Phone, ...]
    whatsapp: tuple[Phone, ...]
    email: str | None
    url: str | None
    address: str | None
    district: str | None
    province: str | None
    department: str | None
    ubigeo: str | None
    lat: float | None
    lon: float | None
    coverage: tuple[str, ...]
    areas: tuple[str, ...]
    hours: str
    free: Truth
    anonymous: Truth
    fears: Mapping[str, Truth]
    languages: tuple[str, ...]
    source: str
    source_url: str | None
    source_at: date | None
    confirmed_at: date | None
    confidence: str
    priority: int
    status: str
    alert: str | None
    is_withdrawn: bool
    rank: int = 0
    closed_until: date | None = None
    modified_at: datetime | None = field(default=None, compare=False)

    @property
    def needs_id(self) -> Truth:
        """Whether it asks for an identity document."""
        return self.fears.get("asks_id", "unknown")

    @property
    def is_national(self) -> bool:
        """Whether it serves all of Peru."""
        return "" in self.areas

    @property
    def is_all_day(self) -> bool:
        """Whether it answers at every hour of every day."""
        return self.hours == "24/7"

    @property
    def is_central(self) -> bool:
        """Whether a regional service has no number of its own: it rings at a national central."""
        if self.is_national or not self.phones:
            return False
        is_local_01 = any(area.startswith(METROPOLIS) for area in self.areas)
        return all(
            NATIONAL_NUMBER.fullmatch(phone.number)
            or (LIMA_NUMBER.fullmatch(phone.number) and not is_local_01)
            for phone in self.phones
        )

    @property
    def is_official(self) -> bool:
        """Whether the fact comes from the body itself: a ministry's list, a `.gob.pe` page."""
        return "MIMP" in self.source or ".gob.pe" in (self.source_url or "")

    def is_shut(self, today: date) -> bool:
        """Whether it is closed for the time being, whatever its hours."""
        return self.closed_until is not None and today <= self.closed_until

    def covers(self, prefix: str) -> bool:
        """Whether it serves the place whose ubigeo begins with these digits."""
        return any(prefix.startswith(area) for area in self.areas)


@dataclass(frozen=True, slots=True)
class Found:
    """A listing as the answer to one need, at one place and moment.

    `is_open` is None when nobody knows the hours. `is_stale` asks for a warning beside it.
    `only_if` names the topic without which it does not do what she asked (a women's centre gives
    a lawyer only where there is violence).
    """

    listing: Listing
    is_open: bool | None
    opens_at: datetime | None
    closes_at: datetime | None
    distance_km: float | None
    is_stale: bool = False
    only_if: str | None = None


def is_shown(listing: Listing) -> bool:
    """Whether a person may ever see it (SAFETY 31)."""
    return (
        has_contact(listing)
        and listing.status == "active"
        and not listing.is_withdrawn
        and listing.source_at is not None
        and max(listing.source_at, listing.confirmed_at or listing.source_at) >= OLDEST
        and listing.confidence != "low"
        and "organizaciones" not in listing.audiences
        and "interno" not in listing.topics
    )


def has_contact(listing: Listing) -> bool:
    """Whether there is a way to reach it; an address alone counts once somebody confirmed it."""
    return bool(
        listing.phones
        or listing.whatsapp
        or listing.email
        or listing.url
        or (listing.address and listing.confirmed_at)
    )


def tier(listing: Listing, today: date) -> int:
    """How well founded it is: 0 confirmed lately, 1 official and of this year, 2 the rest."""
    if listing.confirmed_at and today - listing.confirmed_at <= CONFIRMED_FOR:
        return 0
    if listing.is_official and listing.source_at and today - listing.source_at <= OFFICIAL_FOR:
        return 1
    return 2


def is_stale(listing: Listing, today: date) -> bool:
    """Whether nobody ever confirmed it and its source is older than 24 months."""
    if listing.confirmed_at:
        return False
    return listing.source_at is None or today - listing.source_at > STALE_AFTER
