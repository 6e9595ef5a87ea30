"""What the engine may ask for. Everything outside a turn comes in through here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from bot.engine.intents import Understanding
from directory.search import Directory


@dataclass(frozen=True, slots=True)
class Duty:
    """Who could answer now: how many counselors, how long the wait really was lately (minutes),
    how many wait before her, and when the next shift begins."""

    present: int = 0
    wait_minutes: int | None = None
    waiting: int = 0
    next_shift_at: datetime | None = None


@dataclass(frozen=True)
class World:
    """One turn's surroundings. `now` is aware, in America/Lima.

    `translate(language, context, text)` gives the text in a language, the Spanish one where a
    translation is missing. `new_tag()` makes the session tag of choice ids. `is_pocket_word`
    compares a folded text with the contact's secret word. `ask_duty()` is asked at most once, and
    only where a flow speaks of waiting.
    """

    now: datetime
    directory: Directory
    translate: Callable[[str, str, str], str]
    understand: Callable[[str, str | None, str | None], Understanding]
    new_tag: Callable[[], str]
    is_pocket_word: Callable[[str], bool]
    ask_duty: Callable[[], Duty]
    languages: Mapping[str, str]
    channel: str = "web"
    handoff: str | None = None
    directory_is_up: bool = True

    @cached_property
    def duty(self) -> Duty:
        """Who could answer now."""
        return self.ask_duty()

    @property
    def ahead(self) -> int:
        """How many wait before her; she herself is not counted."""
        is_waiting = self.handoff in ("waiting", "transferred")
        return max(0, self.duty.waiting - is_waiting)
