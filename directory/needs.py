"""What a person may need, and what answers it: `seed/needs.csv` and `seed/topics.csv`."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache

from directory.errors import UnknownName
from directory.seeds import read_table, split

NEEDS = "needs.csv"
TOPICS = "topics.csv"


@dataclass(frozen=True, slots=True)
class Need:
    """One need with topics and kinds in order of preference.

    `fallbacks` are national services always given with it. `prefer` and `avoid` are ids or
    patterns. `only_if` names, for a kind, the topic without which it does not help here.
    """

    id: str
    intent: str
    label_es: str
    label_en: str
    topics: tuple[str, ...]
    kinds: tuple[str, ...]
    avoid_kinds: tuple[str, ...]
    fallbacks: tuple[str, ...]
    prefer: tuple[str, ...]
    avoid: tuple[str, ...]
    only_if: tuple[tuple[str, str], ...]

    def is_avoided(self, service_id: str, kind: str) -> bool:
        """Whether this service must not be offered for this need."""
        if kind in self.avoid_kinds:
            return True
        return bool(self.avoid) and _first(self.avoid, service_id) < len(self.avoid)

    def preference(self, service_id: str) -> int:
        """Place among the preferred ids; the lower, the earlier."""
        return _first(self.prefer, service_id) if self.prefer else 0

    def condition(self, kind: str) -> str | None:
        """The topic without which a service of this kind does not help here."""
        return dict(self.only_if).get(kind)


@lru_cache(maxsize=2**15)
def _first(patterns: tuple[str, ...], service_id: str) -> int:
    """Place of the first pattern that names the service; their number when none does."""
    places = (place for place, one in enumerate(patterns) if fnmatchcase(service_id, one))
    return next(places, len(patterns))


@lru_cache(maxsize=1)
def needs() -> dict[str, Need]:
    """Every need by its id, in the order they are offered."""
    return {
        row["need"]: Need(
            id=row["need"],
            intent=row["intent"],
            label_es=row["label_es"],
            label_en=row["label_en"],
            topics=split(row["topics"]),
            kinds=split(row["kinds"]),
            avoid_kinds=split(row["avoid_kinds"]),
            fallbacks=split(row["fallback_ids"]),
            prefer=split(row["prefer_ids"]),
            avoid=split(row["avoid_ids"]),
            only_if=tuple(
                (kind, topic)
                for kind, _, topic in (one.partition("=") for one in split(row["only_if"]))
            ),
        )
        for _, row in read_table(NEEDS)
    }


def need(need_id: str) -> Need:
    """One need; raises UnknownName."""
    try:
        return needs()[need_id]
    except KeyError:
        raise UnknownName(f"no need {need_id!r} in {NEEDS}") from None


@lru_cache(maxsize=1)
def topics() -> dict[str, tuple[str, str]]:
    """The controlled topics with their Spanish and English labels."""
    return {row["topic"]: (row["label_es"], row["label_en"]) for _, row in read_table(TOPICS)}


def need_of(intent: str) -> str | None:
    """The first need whose intent this is; None where people mean nothing the directory has."""
    return next((one.id for one in needs().values() if one.intent == intent), None)
