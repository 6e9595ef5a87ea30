"""What is known of a conversation between two turns; stored sealed, one JSON object."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from typing import Any, Literal

START = "welcome.start"
SILENCE_ENDS = timedelta(minutes=30)
"""A session ends after this long without a message from the person (SAFETY, head)."""

Session = Literal["open", "short", "covered", "ended"]


@dataclass(slots=True)
class Memory:
    """`state` is where she is; all else belongs to the session, but `language` and
    `has_pocket_word`, which last as long as the contact does.

    `wish` is a need she told before it was safe to write: its intent, needs and places; `wish_text`
    are her words, sealed with the rest and gone as soon as the wish is taken up.
    `second` and `second_text` are the other request of a message, until it is taken up.
    `prompt` holds id and title of each choice last shown, in order: numbers and titles are read
    against what she really saw. `trail` are the states behind her, for "back". `confided` is what
    she said of herself that no question needs to ask again (see `bot.engine.told`).
    `shown` are services she was given, `outcomes` how it went with them, `spoken_of` the one she is
    asked about.
    """

    state: str = START
    session: Session = "ended"
    tag: str = ""
    language: str = "es"
    has_pocket_word: bool = False
    heard_at: datetime | None = None
    covered_at: datetime | None = None
    is_safe: bool = False
    wish: dict[str, Any] | None = None
    wish_text: str = ""
    second: dict[str, Any] | None = None
    second_text: str = ""
    need: str | None = None
    fears: list[str] = field(default_factory=list)
    place: str | None = None
    places: list[str] = field(default_factory=list)
    shown: list[str] = field(default_factory=list)
    shown_at: datetime | None = None
    outcomes: dict[str, str] = field(default_factory=dict)
    spoken_of: str | None = None
    told: list[str] = field(default_factory=list)
    misses: int = 0
    danger_at: datetime | None = None
    is_urgent: bool = False
    prompt: list[list[str]] = field(default_factory=list)
    trail: list[str] = field(default_factory=list)
    summary: list[str] = field(default_factory=list)
    own_words: str | None = None
    writing_first: Literal["never", "daytime", "anytime"] = "never"
    screening: dict[str, Any] | None = None
    confided: dict[str, str] = field(default_factory=dict)

    def begin(self, tag: str) -> None:
        """A new session: nothing of the old one stays but the language and her settings."""
        fresh = Memory(
            session="open", tag=tag, language=self.language, has_pocket_word=self.has_pocket_word
        )
        for name in Memory.__slots__:
            setattr(self, name, getattr(fresh, name))

    def end(self) -> None:
        """The session is over: back to the start, with nothing of it kept."""
        heard_at = self.heard_at
        self.begin("")
        self.session = "ended"
        self.heard_at = heard_at

    def is_over(self, now: datetime) -> bool:
        """Whether a message at `now` begins a new session (a live handoff is not asked here)."""
        return (
            self.session == "ended" or self.heard_at is None or now - self.heard_at >= SILENCE_ENDS
        )

    def dump(self) -> dict[str, Any]:
        """Plain data for JSON; only what differs from a new memory."""
        kept = {name: value for name in _FRESH if (value := getattr(self, name)) != _FRESH[name]}
        return {
            name: value.isoformat() if isinstance(value, datetime) else value
            for name, value in kept.items()
        }

    @classmethod
    def load(cls, kept: dict[str, Any]) -> Memory:
        """The inverse of `dump`; a name that is no longer known is left out."""
        known = {name: value for name, value in kept.items() if name in cls.__slots__}
        for name in ("heard_at", "covered_at", "danger_at", "shown_at"):
            if isinstance(known.get(name), str):
                known[name] = datetime.fromisoformat(known[name])
        return cls(**known)

    def __deepcopy__(self, _: dict[int, Any]) -> Memory:
        """A memory of its own: what is changed in place is copied, the rest cannot be changed."""
        return Memory(**{name: _own(getattr(self, name)) for name in _FRESH})


def _own(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _own(one) for key, one in value.items()}
    return [_own(one) for one in value] if isinstance(value, list) else value


_FRESH = {field.name: getattr(Memory(), field.name) for field in fields(Memory)}
"""What a new memory holds."""
