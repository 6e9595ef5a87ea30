"""Where she is: typed, shared or chosen. Only the six-digit code is kept (SAFETY 25)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from directory import places

if TYPE_CHECKING:
    from bot.engine.turn import Turn

SHOWN = 10
"""So many places of one name are offered; a name with more is asked again with its department."""


def keep(turn: Turn, codes: list[str]) -> None:
    """One code is the place; several wait in `places` for her choice."""
    if len(codes) == 1:
        turn.memory.place, turn.memory.places = codes[0], []
    else:
        turn.memory.place, turn.memory.places = None, codes[:SHOWN]


def look_for_place(turn: Turn) -> None:
    """Look up what she typed as the answer to "which city?"."""
    if turn.event.kind == "text" and not turn.candidates:
        within = turn.memory.places
        found = places.find(turn.event.text, is_answer=True)
        if within:
            found = [place for place in found if place.ubigeo in within] or [
                place
                for place in map(places.place, within)
                if any(place.ubigeo[:2] == other.ubigeo[:2] for other in found)
            ]
        turn.candidates = found


def locate(turn: Turn) -> None:
    """Find the district of a shared location; the coordinates end with the turn."""
    if turn.event.location is not None:
        place = places.nearest(*turn.event.location)
        turn.candidates = [place] if place else []


def keep_place(turn: Turn) -> None:
    """Keep what was found: the place, or the several to choose from."""
    keep(turn, [place.ubigeo for place in turn.candidates])


def keep_chosen_place(turn: Turn) -> None:
    """Keep the place she tapped; the choice's key is its code."""
    keep(turn, [turn.chosen.removeprefix("at_")])


ACTIONS: tuple[Callable[[Turn], None], ...] = (
    look_for_place,
    locate,
    keep_place,
    keep_chosen_place,
)
