"""What HSDS has no field for, as HSDS taxonomies with their terms: kinds, topics, fear filters, …

A taxonomy of words has a term for each word. One of free values (where a fact comes from, and of
which day) has a single term, and the attribute carries the value.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from directory.listing import Listing
from directory.needs import topics

NAMESPACE = uuid5(NAMESPACE_URL, "urn:kuska:directory")
NAMES = {
    "kind": "Tipo de servicio",
    "topic": "Tema",
    "audience": "A quién atiende",
    "asks_id": "Pide documento de identidad",
    "works_with_police": "Trabaja con la policía",
    "takes_without_papers": "Atiende sin papeles",
    "friendly_sex_workers": "Trata bien a quien hace trabajo sexual",
    "friendly_trans": "Trata bien a personas trans",
    "has_interpreter": "Tiene intérprete",
    "women_at_desk": "Atienden mujeres",
    "anonymous": "Se puede ser anónima",
    "confidence": "Confianza en el dato",
    "source": "Fuente del dato",
    "source_at": "Primer día que la fuente permite",
}
FREE = frozenset({"source", "source_at"})
"""Their values are no terms: they are written in the attribute."""
TRUTHS = {"yes": "sí", "no": "no", "unknown": "no se sabe"}
LEVELS = {"high": "alta", "medium": "media", "low": "baja"}
Record = dict[str, Any]


def said(one: Listing) -> Iterator[tuple[str, str]]:
    """Every fact of ours about a service, as taxonomy and value."""
    yield "kind", one.kind
    yield from (("topic", topic) for topic in one.topics)
    yield from (("audience", audience) for audience in one.audiences)
    yield from one.fears.items()
    yield "anonymous", one.anonymous
    yield "confidence", one.confidence
    yield "source", one.source
    if one.source_at:
        yield "source_at", one.source_at.isoformat()


def attribute(one: Listing, name: str, value: str) -> Record:
    """One fact, with its term."""
    found = term(name, value)
    return {
        "id": uuid("attribute", one.id, name, value),
        "link_id": uuid("service", one.id),
        "link_entity": "service",
        "value": value,
        "taxonomy_term_id": found["id"],
        "taxonomy_term": found,
    }


def taxonomy(name: str) -> Record:
    """A taxonomy of ours."""
    return {"id": uuid("taxonomy", name), "name": name, "description": NAMES[name]}


def term(name: str, value: str) -> Record:
    """The term that a value of a taxonomy stands for."""
    code = name if name in FREE else value
    return {
        "id": uuid("term", name, code),
        "code": code,
        "name": code,
        "description": _described(name, code),
        "taxonomy": name,
        "taxonomy_id": uuid("taxonomy", name),
        "language": "es",
    }


@lru_cache(maxsize=50_000)
def uuid(*parts: str) -> str:
    """The same UUID for the same parts, always."""
    return str(uuid5(NAMESPACE, "\0".join(parts)))


def _described(name: str, code: str) -> str:
    if name == "topic" and code in topics():
        return topics()[code][0]
    if name in FREE:
        return NAMES[name]
    meaning = TRUTHS.get(code) or LEVELS.get(code) or code
    return f"{NAMES[name]}: {meaning}"
