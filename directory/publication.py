"""What others may take from us: one edition of the directory as lists of HSDS records.

Only what people may be shown is in it. A record is written once an edition and kept as text, so
that whoever takes the whole list again and again costs little.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from directory import hsds, taxonomies
from directory.listing import Listing, is_shown
from directory.places import all_places
from directory.search import Directory
from directory.spelling import fold
from directory.taxonomies import uuid

Write = Callable[[str], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that is published.

    `services` are those it is, runs or stands for; `facts` are (taxonomy, value) of theirs, by
    which it is filtered; `words` are folded, for the search. `form` is a way to write it: `short`,
    `full`, and what else its list knows.
    """

    id: str
    words: str
    services: tuple[Listing, ...]
    facts: frozenset[tuple[str, str]]
    write: Write
    _written: dict[str, str] = field(default_factory=dict)

    def text(self, form: str) -> str:
        """The record as JSON."""
        if form not in self._written:
            record = self.write(form)
            self._written[form] = json.dumps(record, ensure_ascii=False, separators=(",", ":"))
        return self._written[form]

    def speaks_of(self, searched: Iterable[str]) -> bool:
        """Whether every word begins a word of it."""
        return all(f" {word}" in self.words for word in searched)


@dataclass(frozen=True, slots=True)
class Publication:
    """The lists of one edition, each by id in the order of the directory."""

    edition: Directory
    services: Mapping[str, Entry]
    organizations: Mapping[str, Entry]
    service_at_locations: Mapping[str, Entry]
    taxonomies: Mapping[str, Entry]
    taxonomy_terms: Mapping[str, Entry]

    @classmethod
    def of(cls, edition: Directory) -> Publication:
        """Everything of an edition that people may be shown."""
        shown = [one for one in edition.listings if is_shown(one)]
        by_organization: dict[str, list[Listing]] = {}
        for one in shown:
            by_organization.setdefault(one.organization, []).append(one)
        said = {fact: one for one in shown for fact in taxonomies.said(one)}
        terms = {taxonomies.term(*fact)["id"]: fact for fact in sorted(said)}
        return cls(
            edition,
            _by_id(_service(one) for one in shown),
            _by_id(_organization(name, tuple(some)) for name, some in by_organization.items()),
            _by_id(_placed(one) for one in shown if all_places().get(one.ubigeo or "")),
            _by_id(_taxonomy(name) for name in taxonomies.NAMES),
            _by_id(_term(*fact) for fact in terms.values()),
        )


def _by_id(entries: Iterable[Entry]) -> dict[str, Entry]:
    return {entry.id: entry for entry in entries}


def _service(one: Listing) -> Entry:
    def write(form: str) -> dict[str, Any]:
        if form == "minimal":
            changed = one.modified_at and one.modified_at.isoformat(timespec="seconds")
            return {"id": uuid("service", one.id), "modified_date": changed}
        return hsds.service(one, full=form == "full")

    return Entry(uuid("service", one.id), _words(one), (one,), _facts(one), write)


def _organization(name: str, services: tuple[Listing, ...]) -> Entry:
    def write(form: str) -> dict[str, Any]:
        return hsds.organization(name, () if form == "short" else services, full=form == "all")

    return Entry(uuid("organization", name), f" {fold(name)}", services, frozenset(), write)


def _placed(one: Listing) -> Entry:
    def write(form: str) -> dict[str, Any]:
        return hsds.service_at_location(one, full=form == "full")

    words, place = _words(one), uuid("service_at_location", one.id)
    return Entry(place, words, (one,), _facts(one), write)


def _taxonomy(name: str) -> Entry:
    record = taxonomies.taxonomy(name)
    return Entry(record["id"], _said(record), (), frozenset(), lambda _: record)


def _term(name: str, value: str) -> Entry:
    record = taxonomies.term(name, value)
    return Entry(record["id"], _said(record), (), frozenset({(name, value)}), lambda _: record)


def _facts(one: Listing) -> frozenset[tuple[str, str]]:
    return frozenset(taxonomies.said(one))


def _words(one: Listing) -> str:
    place = all_places().get(one.ubigeo or "")
    around = (place.name, place.province, place.department) if place else ()
    return " " + fold(" ".join((one.name, one.organization, *around, *one.topics, *one.coverage)))


def _said(record: Mapping[str, str]) -> str:
    return " " + fold(f"{record['name']} {record['description']}")
