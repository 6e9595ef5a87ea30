"""Named pieces with facts: service cards, the summary. Facts come from the directory."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from bot.engine import cards, outcomes, questions
from bot.engine.effects import CountShown
from bot.engine.values import fill
from bot.messages import Message
from directory.listing import Found
from directory.places import all_places, place

if TYPE_CHECKING:
    from bot.engine.turn import Turn

CARDS, LOOKED_AT = 3, 6
"""So many cards at most in a turn, the best of so many found: who answers a call comes first."""

NEEDS_ABOUT_CRIMES = frozenset(
    """peligro_ahora violencia violencia_sexual control extorsion amenazas_internet abuso_policial
    denunciar ninez trabajo_sin_pago""".split()
)
"""Needs for which she first hears that State staff must report a crime (SAFETY 13)."""


def services(turn: Turn) -> list[Message]:
    """Up to three cards for her need and place, and what is open at any hour."""
    memory, world = turn.memory, turn.world
    if not world.directory_is_up or memory.need is None:
        return [Message(fill(turn, turn.phrase("find_service.directory_down")), "card")]
    answer = world.directory.search(
        memory.need,
        place=place(memory.place) if memory.place else None,
        at=world.now,
        fears=memory.fears,
        limit=LOOKED_AT,
    )
    found = sorted(_untried(turn, answer.found), key=cards.is_web_only)[:CARDS]
    if found:
        found += _untried(turn, answer.national)[: CARDS - len(found)]
    messages = []
    if memory.need in NEEDS_ABOUT_CRIMES and turn.tell_once("state_duty"):
        messages.append(Message(turn.phrase("find_service.state_duty")))
    if memory.place and answer.is_widened:
        messages.append(Message(fill(turn, turn.phrase("find_service.widened"))))
    if found and not messages:
        messages.append(Message(turn.phrase("find_service.found")))
    messages += [cards.card(one, turn) for one in found]
    if memory.place and memory.need in NEEDS_OF_HEALTH and not _has_clinic(found):
        messages.append(Message(fill(turn, turn.phrase("find_service.ask_health"))))
    shown = [one.listing.id for one in found]
    memory.shown = [*memory.shown, *(one for one in shown if one not in memory.shown)]
    if shown:
        memory.shown_at = world.now
        turn.effects.append(CountShown(tuple(shown)))
    always = [one for one in answer.national if one.is_open and one.listing.id not in shown]
    if always and not any(one.is_open and one.listing.is_national for one in found):
        messages.append(cards.open_now(always, turn))
    if turn.tell_once("call_trace") and any(one.listing.phones for one in [*found, *always]):
        messages.append(Message(turn.phrase("find_service.call_trace")))
    return messages


NEEDS_OF_HEALTH = frozenset({"salud", "salud_sexual", "embarazo", "violencia_sexual"})
"""Needs for which a place that treats her is looked for."""
NEAR_KM = 10.0
"""Farther than that is no place of hers."""


def _has_clinic(found: Sequence[Found]) -> bool:
    """Whether one of them is a place of health near her that can be called."""
    return any(
        one.listing.kind == "health"
        and one.listing.phones
        and one.distance_km is not None
        and one.distance_km <= NEAR_KM
        for one in found
    )


def _untried(turn: Turn, found: Sequence[Found]) -> list[Found]:
    return [one for one in found if not outcomes.has_failed(turn, one.listing.id)]


def web_addresses(turn: Turn) -> list[Message]:
    """Addresses of the services shown last; only when she asks (SAFETY 9)."""
    shown = [turn.world.directory.service(one) for one in turn.memory.shown[-CARDS:]]
    lines = [f"**{one.name}**: {one.url}" for one in shown if one is not None and one.url]
    return [Message("\n".join(lines), "card")] if lines else []


def summary(turn: Turn) -> list[Message]:
    """The lines a counselor would read, as she sees them before she decides."""
    lines = [turn.phrase("handoff.line", text=text) for text in turn.memory.summary]
    return [Message("\n".join(lines))] if lines else []


def places(turn: Turn) -> list[tuple[str, str]]:
    """The places of one name, to choose from."""
    return [(f"at_{code}", place(code).label) for code in turn.memory.places]


def departments(turn: Turn) -> list[tuple[str, str]]:
    """Every department."""
    found = [one for one in all_places().values() if one.level == "department"]
    return [(f"at_{one.ubigeo}", one.name) for one in found]


def languages(turn: Turn) -> list[tuple[str, str]]:
    """The languages we speak, each by its own name."""
    return list(turn.world.languages.items())


def summary_lines(turn: Turn) -> list[tuple[str, str]]:
    """The lines of the summary, to drop one."""
    return [
        (f"line_{position}", turn.phrase("handoff.drop", number=position + 1))
        for position, _ in enumerate(turn.memory.summary)
    ]


ALL: Mapping[str, Callable[[Turn], list[Message]]] = {
    show.__name__: show for show in (services, web_addresses, summary, outcomes.ask_back)
}
OFFERS: Mapping[str, Callable[[Turn], list[tuple[str, str]]]] = {
    offer.__name__: offer
    for offer in (
        places,
        departments,
        languages,
        summary_lines,
        questions.ticks,
        outcomes.named_contacts,
    )
}
