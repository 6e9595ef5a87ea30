"""The language she names, or asks for in a sentence."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from bot.engine import spoken
from bot.engine.folding import fold
from bot.engine.vocabulary import GRAVE

if TYPE_CHECKING:
    from bot.engine.turn import Turn


def names_language(turn: Turn) -> bool:
    """The whole message is the name or the code of a language we speak (`EN`, `español`)."""
    return language_named(turn) is not None


def language_named(turn: Turn) -> str | None:
    """The code of the language that the whole message names, with or without "draft"."""
    name = fold(turn.said)
    for code, title in turn.world.languages.items():
        if name in (code, fold(title), fold(title.partition("(")[0])):
            return code
    return None


def writes_unoffered(turn: Turn) -> bool:
    """She writes in a language that is understood and that nothing is translated into."""
    return turn.heard is not None and turn.heard.language not in turn.world.languages


def tells_harm_too(turn: Turn) -> bool:
    """Beside a language she names harm, which weighs more."""
    heard = turn.heard
    return heard is not None and (bool(GRAVE & {*heard.also}) or spoken.says(turn, "blows"))


def wants_language(turn: Turn) -> bool:
    """She asks, in a sentence, for a language that we speak."""
    return language_wanted(turn) is not None


def language_wanted(turn: Turn) -> str | None:
    """The code of the language that a sentence asks for."""
    names = {f"language_{code}": code for code in turn.world.languages}
    return next(
        (names[one] for one in names if spoken.is_listed(one) and spoken.says(turn, one)), None
    )


def speaks_of_papers(turn: Turn) -> bool:
    """Papers are what she needs, whatever she says of her language besides."""
    heard = turn.heard
    return heard is not None and ("migration" in heard.also or "papeles" in heard.needs)


GUARDS: dict[str, Callable[[Turn], bool]] = {
    guard.__name__: guard
    for guard in (
        names_language,
        wants_language,
        speaks_of_papers,
        writes_unoffered,
        tells_harm_too,
    )
}
