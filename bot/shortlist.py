"""Services that a counselor can give: looked for by need, by place or by name, each as its card, in
the person's language, as the assistant would show it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from bot.channels.rendering import plain
from bot.engine import cards
from bot.engine.intents import LIKELY
from bot.engine.memory import Memory
from bot.engine.shows import NEEDS_ABOUT_CRIMES
from bot.engine.turn import Event, Turn
from bot.engine.world import Duty, World
from bot.errors import HandoffRefused
from bot.house import House, hear
from bot.messages import Message
from directory import places
from directory.errors import UnknownName
from directory.listing import Found
from directory.named import named, seen
from directory.needs import needs
from directory.places import Place

MOST = 6
MOST_PLACES = 8
LONGEST = 80
"""Characters of what is looked for; enough for a need and a town."""


@dataclass(frozen=True, slots=True)
class Offer:
    """One service to give; `key` finds the same card again."""

    key: str
    service_id: str
    name: str
    card: Message

    @property
    def text(self) -> str:
        """The card as it goes into a text of the counselor's own."""
        return plain(self.card.text)


@dataclass(frozen=True, slots=True)
class Shortlist:
    """What was found, and where it was looked for.

    `other_places` have the same name; `is_about_crimes` reminds the counselor of what she says
    before a State service (SAFETY 13).
    """

    offers: Sequence[Offer] = ()
    place: Place | None = None
    other_places: Sequence[Place] = ()
    need: str | None = None
    is_about_crimes: bool = False


def find(
    house: House,
    language: str,
    words: str,
    now: datetime,
    *,
    need: str = "",
    at: str = "",
    near: Place | None = None,
) -> Shortlist:
    """The services for what was typed. `need` and `at` (a place's code) were chosen from a list;
    without a place in the words it is looked for around `near`."""
    words = words.strip()[:LONGEST]
    heard = hear(words, house.language, None) if words else None
    is_clear = heard is not None and heard.score >= LIKELY
    wanted = need if need in needs() else next(iter(heard.needs if heard and is_clear else ()), "")
    alike = places.find(words) if words else []
    chosen = places.all_places().get(at) or _nearest_to(near, alike)
    others = [one for one in alike if one != chosen][:MOST_PLACES] if len(alike) > 1 else []
    place = chosen or near
    found = list(islice(_found(house, wanted, words, place, now), MOST))
    offers = tuple(_offer(house, language, one, wanted, place, now) for one in found)
    is_about_crimes = bool(offers) and wanted in NEEDS_ABOUT_CRIMES
    return Shortlist(offers, place, tuple(others), wanted or None, is_about_crimes)


def offer(house: House, language: str, key: str, now: datetime) -> Offer:
    """The offer of that key, as it is now; `HandoffRefused` when the directory has it no more."""
    need, _, rest = key.partition("/")
    code, _, service_id = rest.partition("/")
    place = places.all_places().get(code)
    same = (one for one in _by_need(house, need, place, now) if one.listing.id == service_id)
    found = next(same, None)
    if found is None:
        listing = house.directory.service(service_id)
        if listing is None:
            raise HandoffRefused("no_service")
        found = seen(listing, now)
    return _offer(house, language, found, need, place, now)


def approved_place(house: House, language: str, summary: Sequence[str]) -> Place | None:
    """Where she is, as she approved it to be told; None when she did not."""
    before, _, after = house.phrase(language, "handoff.is_in").partition("{place}")
    for line in summary:
        if line.startswith(before) and line.endswith(after):
            named_there = places.find(line[len(before) : len(line) - len(after)], is_answer=True)
            return next(iter(named_there), None)
    return None


def name_of(house: House, service_id: str) -> str:
    """The name of a service that was given; its id when the directory forgot it."""
    listing = house.directory.row(service_id)
    return service_id if listing is None else listing.name


def _found(
    house: House, need: str, words: str, place: Place | None, now: datetime
) -> Iterator[Found]:
    """By name first, when the words are one; then what answers the need."""
    given: set[str] = set()
    by_name = (seen(one, now) for one in named(house.directory.listings, words, place))
    for found in (*(() if need else by_name), *_by_need(house, need, place, now)):
        if found.listing.id not in given:
            given.add(found.listing.id)
            yield found


def _by_need(house: House, need: str, place: Place | None, now: datetime) -> Iterator[Found]:
    try:
        answer = house.directory.search(need, place=place, at=now, limit=MOST)
    except UnknownName:
        return
    yield from answer.found
    yield from answer.national


def _nearest_to(near: Place | None, alike: Sequence[Place]) -> Place | None:
    """Of several places of one name the one in her region."""
    region = near.ubigeo[:2] if near else ""
    return next((one for one in alike if one.ubigeo[:2] == region), next(iter(alike), None))


def _offer(
    house: House, language: str, found: Found, need: str, place: Place | None, now: datetime
) -> Offer:
    turn = Turn(Memory(language=language), Event("signal"), _world(house, now), house.flows)
    key = f"{need}/{place.ubigeo if place else ''}/{found.listing.id}"
    return Offer(key, found.listing.id, found.listing.name, cards.card(found, turn))


def _world(house: House, now: datetime) -> World:
    nobody: Callable[[str], bool] = lambda _: False  # noqa: E731 - no pocket word on a card
    return World(
        now=now,
        directory=house.directory,
        translate=house.catalogues.translate,
        understand=hear,
        new_tag=house.new_tag,
        is_pocket_word=nobody,
        ask_duty=Duty,
        languages=house.catalogues.titles,
    )
