"""A service as a card: at most 8 lines and 45 words, its facts dated and its number callable."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from bot.engine import wording
from bot.messages import Message, ShownService

if TYPE_CHECKING:
    from bot.engine.turn import Turn
    from directory.listing import Found, Listing

OPEN_NOW = 2
"""So many lines that answer at any hour are named beside closed services."""


def card(found: Found, turn: Turn) -> Message:
    """The card of one service: name, whether it is open, how to reach it, how old the fact is."""
    listing = found.listing
    lines = [
        _headline(listing, turn),
        _status(found, turn),
        _reach(listing, turn),
        _where(found, turn),
        _conditions(found, turn),
        listing.alert or "",
        _dated(found, turn),
    ]
    return Message("\n".join(line for line in lines if line), "card", service=facts(found))


def facts(found: Found) -> ShownService:
    """What the card says, as data."""
    listing = found.listing
    return ShownService(
        id=listing.id,
        phones=tuple(phone.text for phone in listing.phones),
        open=found.is_open,
        opens_at=found.opens_at,
        source_at=listing.source_at,
        confirmed_at=listing.confirmed_at,
        distance_km=found.distance_km,
    )


def is_web_only(found: Found) -> bool:
    """Whether it can be reached by its web page alone."""
    listing = found.listing
    return not (listing.phones or listing.whatsapp or listing.address or listing.email)


def open_now(found: Sequence[Found], turn: Turn) -> Message:
    """One line with the lines that answer at any hour."""
    names = [_called(one.listing, turn) for one in found[:OPEN_NOW]]
    joined = turn.phrase("cards.and", first=names[0], second=names[1]) if names[1:] else names[0]
    return Message(turn.phrase("cards.open_always", names=joined), "card", service=facts(found[0]))


def _headline(listing: Listing, turn: Turn) -> str:
    name = f"**{listing.name}**"
    return turn.phrase("cards.free", name=name) if listing.free == "yes" else name


def _status(found: Found, turn: Turn) -> str:
    rule = wording.hours(found.listing.hours, turn) if found.listing.hours else ""
    if found.is_open is None:
        return turn.phrase("cards.hours_unknown")
    if found.is_open:
        return turn.phrase("cards.open", hours=rule) if rule else turn.phrase("cards.open_plain")
    opens = wording.moment(found.opens_at, turn)
    if not opens:
        return turn.phrase("cards.closed")
    if not rule:
        return turn.phrase("cards.closed_until", opens=opens)
    return turn.phrase("cards.closed_with_hours", opens=opens, hours=rule)


def _reach(listing: Listing, turn: Turn) -> str:
    numbers = [wording.number(phone.text, turn) for phone in listing.phones[:2]]
    parts = []
    if numbers:
        parts.append(turn.phrase("cards.call", numbers=" / ".join(numbers)))
    if listing.whatsapp and len(parts) < 2:
        parts.append(turn.phrase("cards.whatsapp", number=listing.whatsapp[0].text))
    if not parts and listing.email:
        parts.append(listing.email)
    if not parts and listing.url:
        parts.append(turn.phrase("cards.web_only"))
    return " · ".join(parts)


def _where(found: Found, turn: Turn) -> str:
    listing = found.listing
    town = listing.district or listing.province or listing.department
    address = ", ".join(part for part in (listing.address, town) if part)
    near = wording.distance(found.distance_km, turn)
    where = " · ".join(part for part in (address, near) if part)
    if listing.is_central:
        return (
            turn.phrase("cards.central", where=where)
            if where
            else turn.phrase("cards.central_only")
        )
    return where


def _conditions(found: Found, turn: Turn) -> str:
    listing = found.listing
    if found.only_if is not None:
        return turn.phrase(f"cards.only_if_{found.only_if}")
    if listing.needs_id == "no" and turn.tell_once("needs_no_id"):
        return turn.phrase("cards.without_id", number=turn.world.directory.line("ombudsman").number)
    return turn.phrase("cards.anonymous") if listing.anonymous == "yes" else ""


def _dated(found: Found, turn: Turn) -> str:
    listing = found.listing
    if listing.confirmed_at is not None:
        return turn.phrase("cards.confirmed", month=wording.month(listing.confirmed_at, turn))
    if listing.source_at is None:
        return turn.phrase("cards.undated")
    month = wording.month(listing.source_at, turn)
    return turn.phrase("cards.stale" if found.is_stale else "cards.unconfirmed", month=month)


def _called(listing: Listing, turn: Turn) -> str:
    number = wording.number(listing.phones[0].text, turn) if listing.phones else ""
    if number and number not in listing.name:
        return turn.phrase("cards.named_number", name=listing.name, number=number)
    return f"**{listing.name}**"
