"""Guards about the team: who is there, how long others waited, and whose talk this is."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.engine.turn import Turn


def counselors_present(turn: Turn) -> bool:
    """At least one counselor is on duty."""
    return turn.world.duty.present > 0


def nobody_present(turn: Turn) -> bool:
    """No counselor is on duty."""
    return turn.world.duty.present == 0


def next_shift_known(turn: Turn) -> bool:
    """Nobody is on duty, and it is known when somebody will be."""
    return nobody_present(turn) and turn.world.duty.next_shift_at is not None


def next_shift_unknown(turn: Turn) -> bool:
    """Nobody is on duty, and no shift is planned."""
    return nobody_present(turn) and turn.world.duty.next_shift_at is None


def wait_known(turn: Turn) -> bool:
    """Somebody is on duty, and how long others waited lately is known."""
    return counselors_present(turn) and turn.world.duty.wait_minutes is not None


def wait_unknown(turn: Turn) -> bool:
    """Somebody is on duty, but nobody has waited lately."""
    return counselors_present(turn) and turn.world.duty.wait_minutes is None


def others_wait(turn: Turn) -> bool:
    """Somebody is on duty, and others wait before her."""
    return counselors_present(turn) and turn.world.ahead > 0


def is_with_counselor(turn: Turn) -> bool:
    """A counselor has taken over."""
    return turn.world.handoff in ("claimed", "live")


def is_live(turn: Turn) -> bool:
    """A counselor writes with her."""
    return turn.world.handoff == "live"


def is_elsewhere(turn: Turn) -> bool:
    """She went on to something else while a counselor was with her."""
    return turn.state != "handoff.live"


def is_waiting(turn: Turn) -> bool:
    """She waits for a person, or one has taken over."""
    return turn.world.handoff in ("waiting", "claimed", "live", "transferred")


GUARDS: dict[str, Callable[[Turn], bool]] = {
    guard.__name__: guard
    for guard in (
        counselors_present,
        nobody_present,
        next_shift_known,
        next_shift_unknown,
        wait_known,
        wait_unknown,
        others_wait,
        is_with_counselor,
        is_live,
        is_elsewhere,
        is_waiting,
    )
}
