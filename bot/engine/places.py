"""Where she is: typed, shared or chosen. Only the six-digit code is kept (SAFETY 25).

A message that is the name of a place and nothing else is read as one anywhere.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from bot.engine.folding import fold
from directory import places
from directory.places import Place

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


def take(turn: Turn) -> None:
    """Keep the places that her words name, if any."""
    if turn.heard is not None and turn.heard.places:
        keep(turn, list(turn.heard.places))


def look_for_place(turn: Turn) -> None:
    """Look up what she typed as the answer to "which city?"."""
    if turn.event.kind == "text" and not turn.candidates:
        within = turn.memory.places
        found = places.find(turn.event.text, is_answer=True)
        if within:
            found = [place for place in found if place.ubigeo in within] or _inside(found, within)
        turn.candidates = found


def _inside(found: list[Place], within: list[str]) -> list[Place]:
    """Those of several places that lie in what she named: its province, else its department."""
    for digits in (4, 2):
        named = {
            place.ubigeo[:digits] for place in found if digits == 2 or place.ubigeo[2:4] != "00"
        }
        inside = [code for code in within if code[:digits] in named]
        if inside:
            return [places.place(code) for code in inside]
    return []


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


def is_place(turn: Turn) -> bool:
    """The whole message is the name of a place, whatever small words lead to it ("vivo en")."""
    if turn.heard is None:
        return False
    longest = max((len(_named(places.place(code).name)) for code in turn.heard.places), default=-1)
    return len(_named(turn.said)) <= longest


def _named(text: str) -> list[str]:
    """The words of a text that are not among those which lead to a place."""
    return [word for word in fold(text).split() if word not in LEADING]


LEADING = frozenset(
    """estoy toy toi estoi stoy stoi vivo vivimos estamos tamos soy somos ando me encuentro kedo
    quedo es en de del desde por cerca nomas a aqui aki aca yo ahora ahorita el la los las distrito
    ciudad provincia pueblo zona y pe pues i live am in moro eu em je suis habite mwen
    nan""".split()
)
"""Words that lead to the name of a place and say nothing else."""

GUARDS: dict[str, Callable[[Turn], bool]] = {"is_place": is_place}
