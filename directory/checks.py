"""Proof of the directory's content; each problem reads `file:line: what is wrong`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase

from directory import schedules
from directory.errors import DirectoryError
from directory.lines import LINES, SUBSTITUTES, Line, lines, stand_ins, substitutes
from directory.listing import OLDEST, WITHDRAWN
from directory.nearness import distance_km, point
from directory.needs import NEEDS, needs, topics
from directory.places import all_places
from directory.rows import FILE, LANGUAGES, Row, areas, read_number, read_rows, source_day
from directory.seeds import line_of, read_yaml, split

PLACE_NAMES = "place_names.yaml"
FARTHEST_KM = 60.0  # a real office of a jungle district stands 42 km from its centre
MAIL = re.compile(r"[\w.+-]+@[\w-]+(\.[\w-]+)+")
# Given names common in Peru: a mail that begins with one belongs to a person (SAFETY 31).
PERSON = re.compile(
    r"(ana|carlos|carmen|cesar|david|diana|elena|jorge|jose|juan|julia|karina|luis|luz|manuel|maria"
    r"|miguel|milagros|pedro|rosa|sofia|veronica|victor)[._-]?[a-z]*@"
)
TRUTHS = frozenset({"", "yes", "no", "unknown"})


def problems() -> list[str]:
    """Everything that is wrong with the seed, by file and line; empty when all is well."""
    try:
        rows = {row.id: row for row in read_rows()}
        rows |= {row.supersedes: row for row in rows.values() if row.supersedes}
        found = [
            problem for service, row in rows.items() if service == row.id for problem in _row(row)
        ]
        found += _lines(rows)
        found += _needs(rows)
        found += _substitutes(rows)
        found += _place_names()
    except DirectoryError as error:
        return [str(error)]
    return found


def is_reachable(row: Row) -> bool:
    """Whether a row of the seed may be shown to a person; the same rule as `listing.is_shown`."""
    day = source_day(row.source_date)
    return bool(
        (row.phones or row.whatsapp or row.email or row.url)
        and not WITHDRAWN.search(row.note)
        and day is not None
        and day >= OLDEST
        and row.confidence != "low"
        and "organizaciones" not in split(row.audience)
        and "interno" not in split(row.topics)
    )


def _row(row: Row) -> Iterator[str]:
    """What is wrong with one service in force; one that a newer row supersedes is history."""
    where = f"{FILE}:{row.line}: {row.id}"
    for topic in set(split(row.topics)) - topics().keys():
        yield f"{where}: topic {topic!r} is not in topics.csv"
    if row.kind not in {kind for need in needs().values() for kind in need.kinds}:
        yield f"{where}: kind {row.kind!r} answers no need"
    for text in (*split(row.phones), *split(row.whatsapp)):
        if read_number(text) is None:
            yield f"{where}: {text!r} is no phone number"
    for mail in split(row.email):
        if not MAIL.fullmatch(mail):
            yield f"{where}: {mail!r} is no mail address"
        if PERSON.match(mail):
            yield f"{where}: {mail!r} looks like one person's mail"
    if row.url and not row.url.startswith(("https://", "http://")):
        yield f"{where}: {row.url!r} is no web address"
    if row.hours and not schedules.is_known(row.hours):
        yield f"{where}: hours {row.hours!r} cannot be read"
    for language in set(split(row.languages)) - LANGUAGES.keys():
        yield f"{where}: language {language!r} is unknown"
    if row.priority not in ("0", "1", "2", "3"):
        yield f"{where}: priority {row.priority!r} is not 0 to 3"
    if {row.free, row.anonymous, *row.all_fears.values()} - TRUTHS:
        yield f"{where}: a truth is not yes, no or unknown"
    if not row.supersedes and not row.name:
        yield f"{where}: it has no name"
    yield from _row_place(row, where)


def _row_place(row: Row, where: str) -> Iterator[str]:
    """Whether its region, its district and its position agree."""
    areas(row)  # raises SeedError for a region that does not exist
    if row.ubigeo and row.ubigeo not in all_places():
        yield f"{where}: there is no place {row.ubigeo}"
    elif row.ubigeo and row.lat:
        place = all_places()[row.ubigeo]
        away = distance_km(point(float(row.lat), float(row.lon)), point(place.lat, place.lon))
        if away > FARTHEST_KM:
            yield f"{where}: its position is {away:.0f} km from {place.label}"


def _lines(rows: dict[str, Row]) -> Iterator[str]:
    """Lines that differ from their rows: in danger only `emergency.yaml` speaks."""
    for line in lines().values():
        where = f"{LINES}:{line_of(LINES, f'key: {line.key}')}: {line.key}"
        row = rows.get(line.service)
        if row is None or not is_reachable(row):
            yield f"{where}: there is no service {line.service} that may be shown"
            continue
        yield from (f"{where}: {difference}" for difference in _differences(line, row))


def _differences(line: Line, row: Row) -> Iterator[str]:
    if line.number not in (*split(row.phones), row.url):
        yield f"{line.number} is not a number of {row.id} in {FILE}:{row.line}"
    if line.hours != row.hours:
        yield f"hours {line.hours!r}, but {row.hours!r} in {FILE}:{row.line}"
    if line.coverage != row.coverage:
        yield f"coverage {line.coverage!r}, but {row.coverage!r} in {FILE}:{row.line}"


def _needs(rows: dict[str, Row]) -> Iterator[str]:
    """Needs that name what does not exist or what nobody can reach."""
    kinds = {row.kind for row in rows.values()}
    for need in needs().values():
        where = f"{NEEDS}:{line_of(NEEDS, need.id + ',')}: {need.id}"
        for topic in set(need.topics) - topics().keys():
            yield f"{where}: topic {topic!r} is not in topics.csv"
        for kind in {*need.kinds, *need.avoid_kinds} - kinds:
            yield f"{where}: no service is a {kind!r}"
        if not need.fallbacks:
            yield f"{where}: nothing to fall back on"
        for service in need.fallbacks:
            if not _answers(service, rows):
                yield f"{where}: {service} cannot be reached and nothing stands in for it"
        for pattern in (*need.prefer, *need.avoid):
            if not any(fnmatchcase(service, pattern) for service in rows):
                yield f"{where}: no service is called {pattern}"
        for kind, topic in need.only_if:
            if kind not in kinds or topic not in topics():
                yield f"{where}: only_if names {kind}={topic}, which does not exist"


def _substitutes(rows: dict[str, Row]) -> Iterator[str]:
    """Stand-ins that do not answer, and services without contact that have none."""
    for pattern, use in substitutes():
        where = f"{SUBSTITUTES}:{line_of(SUBSTITUTES, pattern)}: {pattern}"
        if not any(fnmatchcase(service, pattern) for service in rows):
            yield f"{where}: no service is called so"
        for service in use:
            if service not in rows or not is_reachable(rows[service]):
                yield f"{where}: {service} cannot be reached either"
    for service, row in rows.items():
        if not _answers(service, rows):
            yield f"{FILE}:{row.line}: {service}: no contact, and nothing stands in for it"


def _answers(service: str, rows: dict[str, Row]) -> bool:
    """Whether asking for this id leads to something that may be shown."""
    candidates = (rows.get(one) for one in (service, *stand_ins(service)))
    return any(row is not None and is_reachable(row) for row in candidates)


def _place_names() -> Iterator[str]:
    """Popular names that point nowhere."""
    for name, codes in read_yaml(PLACE_NAMES)["popular"].items():
        for code in [codes] if isinstance(codes, str) else codes:
            if code not in all_places():
                where = line_of(PLACE_NAMES, f"  {name}:")
                yield f"{PLACE_NAMES}:{where}: {name}: there is no place {code}"
