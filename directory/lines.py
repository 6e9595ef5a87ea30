"""The national lines and the stand-ins, from `seed/`: in memory, whatever the database does."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache

from directory.errors import SeedError, UnknownName
from directory.seeds import line_of, read_yaml

LINES = "emergency.yaml"
SUBSTITUTES = "substitutes.yaml"


@dataclass(frozen=True, slots=True)
class Line:
    """A national line: what flows name `{line.<key>}`.

    `number` is shown as it stands (`113 opción 5`; an address for a chat). `coverage` is
    `nacional` or the one area where it surely answers. `never_alone` asks for another beside it.
    """

    key: str
    service: str
    number: str
    name: str
    coverage: str
    hours: str
    source: str
    never_alone: bool = False


@lru_cache(maxsize=1)
def lines() -> dict[str, Line]:
    """Every line by its key; raises SeedError when one is incomplete or stands twice."""
    found: dict[str, Line] = {}
    for entry in read_yaml(LINES):
        try:
            line = Line(**entry)
        except TypeError as error:
            where = line_of(LINES, f"key: {entry.get('key')}")
            raise SeedError(f"{LINES}:{where}: {error}") from None
        if line.key in found:
            raise SeedError(f"{LINES}:{line_of(LINES, line.key)}: {line.key} stands here twice")
        found[line.key] = line
    return found


def line(key: str) -> Line:
    """One line; raises UnknownName."""
    try:
        return lines()[key]
    except KeyError:
        raise UnknownName(f"no national line {key!r} in {LINES}") from None


@lru_cache(maxsize=1)
def line_services() -> dict[str, Line]:
    """Lines by the id of their service."""
    return {one.service: one for one in lines().values()}


def stand_ins(service_id: str) -> tuple[str, ...]:
    """What to give instead of a service that has no contact, in order; empty when nothing."""
    return next((use for known, use in substitutes() if fnmatchcase(service_id, known)), ())


@lru_cache(maxsize=1)
def substitutes() -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Pairs of an id or pattern and the ids that stand in for it."""
    return tuple((entry["for"], tuple(entry["use"])) for entry in read_yaml(SUBSTITUTES))
