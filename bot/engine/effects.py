"""What a turn wants done besides speaking. `bot.conversation` carries it out in the same commit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Risk = Literal["urgent", "high", "normal"]
WritingFirst = Literal["never", "daytime", "anytime"]


@dataclass(frozen=True, slots=True)
class VoidOutbox:
    """Nothing that still waits to be sent may go out (SAFETY 6)."""


@dataclass(frozen=True, slots=True)
class DeleteSent:
    """Messages that the channel may still delete, hers and ours, are deleted (SAFETY 4)."""


@dataclass(frozen=True, slots=True)
class Erase:
    """Everything of this contact is destroyed (SAFETY 7)."""


@dataclass(frozen=True, slots=True)
class KeepPocketWord:
    """`word` is folded; it is kept as a mark under the contact's key only. None forgets it."""

    word: str | None


@dataclass(frozen=True, slots=True)
class OfferHandoff:
    """The approval card is on her screen; nothing was handed over."""

    risk: Risk


@dataclass(frozen=True, slots=True)
class OpenHandoff:
    """She approved: `summary` are the lines she saw (SAFETY 19)."""

    summary: tuple[str, ...]
    risk: Risk
    writing_first: WritingFirst
    wording: str


@dataclass(frozen=True, slots=True)
class CloseHandoff:
    """The waiting or live handoff ends: `reason` is why, for the record."""

    reason: str


@dataclass(frozen=True, slots=True)
class AlertCounselor:
    """A sign for a live counselor: `pocket_word`, `danger`, `do_not_write`."""

    sign: str


@dataclass(frozen=True, slots=True)
class CountAnswer:
    """One more of a kind of answer in the statistics; tied to no contact."""

    kind: str


@dataclass(frozen=True, slots=True)
class ReportContact:
    """She said how it went with a service (SAFETY 34); counted by service, linked to nobody."""

    service_id: str
    kind: str


@dataclass(frozen=True, slots=True)
class CountShown:
    """These services were shown to somebody."""

    service_ids: tuple[str, ...]


Effect = (
    VoidOutbox
    | DeleteSent
    | Erase
    | KeepPocketWord
    | OfferHandoff
    | OpenHandoff
    | CloseHandoff
    | AlertCounselor
    | CountAnswer
    | ReportContact
    | CountShown
)
