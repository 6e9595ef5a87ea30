"""The rows of `seed/services.csv` as facts: dates, phones, areas and history worked out."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, fields, replace
from datetime import date
from functools import lru_cache

from directory.errors import SeedError
from directory.models import FEAR_TAXONOMIES
from directory.seeds import read_table, split

FILE = "services.csv"
NATIONAL = "nacional"
METROPOLITAN = ("Lima Metropolitana", "1501")  # the province, where 106 surely answers
LANGUAGES = {"LSP": "prl", "ay": "ay", "en": "en", "es": "es", "qu": "qu"}
_NUMBER = re.compile(
    r"(?P<number>\+?[\d() -]*\d)(?: anexo (?P<extension>\d+))?(?: (?P<menu>opción \d+))?"
)
_YEARS = re.compile(r"(\d{4})-\d{4}")
_DAY = re.compile(r"(\d{4})(?:-(\d{2}))?(?:-(\d{2}))?")


@dataclass(frozen=True, slots=True)
class Row:
    """One service of the seed, as written; list fields still joined by `; `."""

    line: int
    id: str
    name: str
    organization: str
    kind: str
    audience: str
    topics: str
    phones: str
    whatsapp: str
    email: str
    url: str
    address: str
    district: str
    province: str
    department: str
    ubigeo: str
    lat: str
    lon: str
    coverage: str
    hours: str
    free: str
    anonymous: str
    asks_id: str
    works_with_police: str
    takes_without_papers: str
    friendly_sex_workers: str
    friendly_trans: str
    has_interpreter: str
    women_at_desk: str
    languages: str
    priority: str
    confidence: str
    source: str
    source_url: str
    source_date: str
    supersedes: str
    note: str

    @property
    def fears(self) -> dict[str, str]:
        """The fear filters that are known, by name."""
        return {name: value for name, value in self.all_fears.items() if value in ("yes", "no")}

    @property
    def all_fears(self) -> dict[str, str]:
        """The fear filters as written."""
        return {name: getattr(self, name) for name in FEAR_TAXONOMIES}

    @property
    def digest(self) -> str:
        """A fingerprint of what the row says, wherever it stands in the file."""
        said = "\x1f".join(getattr(self, field.name) for field in fields(self)[1:])
        return hashlib.sha256(said.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Number:
    """A number to dial, with an inner number or a menu option where there is one."""

    number: str
    extension: str | None
    menu: str | None


def read_rows() -> list[Row]:
    """Every row, a newer one completed from the one it supersedes.

    Raises SeedError for a repeated id, an unknown superseded id, and any place of a shelter,
    which may not be stored.
    """
    rows: dict[str, Row] = {}
    for line, values in read_table(FILE):
        row = Row(line=line, **values)
        if row.id in rows:
            raise SeedError(f"{FILE}:{line}: {row.id} stands here twice")
        if row.kind == "shelter" and (row.address or row.lat or row.lon or row.district):
            raise SeedError(f"{FILE}:{line}: {row.id} is a shelter, its place is never stored")
        rows[row.id] = row
    for row in list(rows.values()):
        if row.supersedes:
            older = rows.get(row.supersedes)
            if older is None:
                raise SeedError(f"{FILE}:{row.line}: {row.id} supersedes {row.supersedes}, unknown")
            rows[row.id] = inherit(row, older)
    return list(rows.values())


def inherit(newer: Row, older: Row) -> Row:
    """The newer row with what it leaves empty or unknown taken from the older, topics of both."""
    kept = {
        field.name: getattr(older, field.name)
        for field in fields(Row)
        if field.name not in {"line", "id", "supersedes", "note", "source_url"}
        and getattr(newer, field.name) in ("", "unknown")
    }
    topics = dict.fromkeys([*split(newer.topics), *split(older.topics)])
    topics.pop("interno", None)
    return replace(newer, **{**kept, "topics": "; ".join(topics)})


def source_day(text: str) -> date | None:
    """The earliest day a source date allows: `2023-04` is 1 April, `2018-2022` 1 January 2018.

    Of several entries the latest counts; None when there is no date in it (`s/f`).
    """
    days = [day for entry in split(text) if (day := _first_day(entry))]
    return max(days, default=None)


def _first_day(entry: str) -> date | None:
    if years := _YEARS.fullmatch(entry):
        return date(int(years[1]), 1, 1)
    if day := _DAY.fullmatch(entry):
        return date(int(day[1]), int(day[2] or 1), int(day[3] or 1))
    return None


def read_number(text: str) -> Number | None:
    """`(01) 390-2800 anexo 2701` or `113 opción 5` taken apart; None when it is no number."""
    found = _NUMBER.fullmatch(text.strip())
    return Number(found["number"], found["extension"], found["menu"]) if found else None


def areas(row: Row) -> list[tuple[str, str]]:
    """Names and ubigeo prefixes a row covers; raises SeedError for a name that is no department."""
    found = []
    for name in split(row.coverage):
        if name == NATIONAL:
            found.append((name, ""))
        elif name == METROPOLITAN[0]:
            found.append(METROPOLITAN)
        elif name in department_codes():
            found.append((name, department_codes()[name]))
        else:
            raise SeedError(f"{FILE}:{row.line}: {row.id} covers {name!r}, which is no department")
    return found


@lru_cache(maxsize=1)
def department_codes() -> dict[str, str]:
    """Department name to the first two digits of its ubigeo."""
    return {
        place["name"]: place["ubigeo"][:2]
        for _, place in read_table("places.csv")
        if place["level"] == "department"
    }
