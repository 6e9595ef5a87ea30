"""`/api/hsds/`: the directory for other systems, read-only, as the OpenAPI of HSDS 3.0 says.

Lists come in pages or, with `format=ndjson`, whole, a record a line. Only what people may be shown
is in them (SAFETY 31), and never where a shelter stands (SAFETY 16). Anybody may read, from any
page: nothing here is of a person. What is asked wrongly is answered with one sentence.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from math import ceil
from typing import Any, TypeVar

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import ValidationError

from directory.asked import (
    OrganizationsAsked,
    Paged,
    PlacesAsked,
    ServicesAsked,
    TermsAsked,
    complaint,
)
from directory.errors import AskedWrongly
from directory.publication import Entry, Publication
from directory.search import Directory

ROOT = "/api/hsds"
ABOUT = {
    "version": "3.0",
    "profile": "https://docs.openreferral.org/",
    "openapi_url": "https://raw.githubusercontent.com/openreferral/specification/3.0/schema/openapi.json",
}
JSON, LINES = "application/json", "application/x-ndjson"
OPEN = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "ETag, Last-Modified",
    "X-Content-Type-Options": "nosniff",
}
FRESH = {"Cache-Control": "public, max-age=60, must-revalidate"}
PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, HEAD, OPTIONS",
    "Access-Control-Allow-Headers": "If-None-Match, If-Modified-Since",
    "Access-Control-Max-Age": "86400",
}
NAMES = {
    "services": "servicio",
    "organizations": "organización",
    "service_at_locations": "lugar de servicio",
    "taxonomies": "taxonomía",
    "taxonomy_terms": "término",
}
Asked = TypeVar("Asked", bound=Paged)
Answer = tuple[str, str]
"""A body and its media type."""


@dataclass(slots=True)
class Shop:
    """What is published now, and since when this process has it."""

    directory: Callable[[], Directory]
    clock: Callable[[], datetime]
    _kept: tuple[Publication, datetime] | None = field(default=None)

    def now(self) -> tuple[Publication, datetime]:
        """The publication of the edition in force, made when it is first asked for."""
        edition, kept = self.directory(), self._kept
        if kept is None or kept[0].edition.listings is not edition.listings:
            kept = (Publication.of(edition), self.clock().replace(microsecond=0))
            self._kept = kept
        return kept


def router(directory: Callable[[], Directory], clock: Callable[[], datetime]) -> APIRouter:
    """Every path of the API; `directory` gives the edition in force."""
    shop, paths = Shop(directory, clock), APIRouter(include_in_schema=False)

    def add(path: str, make: Callable[[Publication, Request], Answer]) -> None:
        def answer(request: Request) -> Response:
            return _answer(shop, request, make)

        paths.add_route(f"{ROOT}{path}", answer, methods=["GET"], include_in_schema=False)

    add("", lambda _, __: (_json(ABOUT), JSON))
    add("/", lambda _, __: (_json(ABOUT), JSON))
    add("/services", _services)
    add("/services/{id}", _one("services"))
    add("/organizations", _organizations)
    add("/organizations/{id}", _organization)
    add("/service_at_locations", _placed)
    add("/service_at_locations/{id}", _one("service_at_locations"))
    add("/taxonomies", _taxonomies)
    add("/taxonomies/{id}", _one("taxonomies"))
    add("/taxonomy_terms", _terms)
    add("/taxonomy_terms/{id}", _one("taxonomy_terms"))
    add("/{rest:path}", _nothing)

    def preflight(_: Request) -> Response:
        return Response(status_code=204, headers=OPEN | PREFLIGHT)

    paths.add_route(f"{ROOT}/{{rest:path}}", preflight, methods=["OPTIONS"])
    return paths


def _answer(
    shop: Shop, request: Request, make: Callable[[Publication, Request], Answer]
) -> Response:
    """The body, or 304 to who has it already, or one sentence."""
    try:
        publication, since = shop.now()
        body, media_type = make(publication, request)
    except AskedWrongly as wrong:
        body = _json({"detail": str(wrong)})
        return Response(body, wrong.status, OPEN, media_type=JSON)
    tag = f'"{hashlib.sha256(body.encode()).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Last-Modified": format_datetime(since.astimezone(UTC), usegmt=True)}
    headers |= OPEN | FRESH
    if _has_it(request.headers, tag, since):
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type=media_type)


def _has_it(headers: Mapping[str, str], tag: str, since: datetime) -> bool:
    """Whether the asker's copy is this one; a day counts only where no tag is given."""
    if "if-none-match" in headers:
        tags = [one.strip().removeprefix("W/") for one in headers["if-none-match"].split(",")]
        return tag in tags or "*" in tags
    try:
        return since <= parsedate_to_datetime(headers.get("if-modified-since", ""))
    except (TypeError, ValueError):
        return False  # absent, unreadable or without a zone


def _services(publication: Publication, request: Request) -> Answer:
    asked = _read(ServicesAsked, request)
    found = _fitting(publication.services.values(), asked)
    form = "minimal" if asked.minimal else "full" if asked.full else "short"
    return _listed(found, asked, form, is_whole=asked.minimal and asked.per_page is None)


def _organizations(publication: Publication, request: Request) -> Answer:
    asked = _read(OrganizationsAsked, request)
    form = "all" if asked.full_service else "full" if asked.full else "short"
    return _listed(_searched(publication.organizations.values(), asked), asked, form)


def _organization(publication: Publication, request: Request) -> Answer:
    asked = _read(OrganizationsAsked, request)
    entry = _entry(publication, "organizations", request)
    return entry.text("all" if asked.full_service else "full"), JSON


def _placed(publication: Publication, request: Request) -> Answer:
    asked = _read(PlacesAsked, request)
    found = _fitting(publication.service_at_locations.values(), asked)
    near = [entry for entry in found if asked.is_near(entry.services[0])]
    return _listed(near, asked, "full" if asked.full else "short")


def _taxonomies(publication: Publication, request: Request) -> Answer:
    asked = _read(Paged, request)
    return _listed(_searched(publication.taxonomies.values(), asked), asked, "full")


def _terms(publication: Publication, request: Request) -> Answer:
    """Terms are flat: none has a parent, so all are at the top."""
    asked = _read(TermsAsked, request)
    found = _searched(publication.taxonomy_terms.values(), asked)
    wanted = [entry for entry in found if asked.wants(entry.facts)]
    return _listed(wanted, asked, "full")


def _one(kind: str) -> Callable[[Publication, Request], Answer]:
    def make(publication: Publication, request: Request) -> Answer:
        return _entry(publication, kind, request).text("full"), JSON

    return make


def _nothing(_: Publication, request: Request) -> Answer:
    raise AskedWrongly(404, f"No hay nada en esta dirección; hay {', '.join(NAMES)}.")


def _entry(publication: Publication, kind: str, request: Request) -> Entry:
    entries: Mapping[str, Entry] = getattr(publication, kind)
    found = entries.get(request.path_params["id"].lower())
    if found is None:
        raise AskedWrongly(404, f"No publicamos ningún dato de «{NAMES[kind]}» con ese id.")
    return found


def _read(asked: type[Asked], request: Request) -> Asked:
    try:
        return asked.model_validate(dict(request.query_params))
    except ValidationError as error:
        raise AskedWrongly(422, complaint(error)) from None


def _searched(entries: Iterable[Entry], asked: Paged) -> list[Entry]:
    words = asked.words()
    return [entry for entry in entries if entry.speaks_of(words)]


def _fitting(entries: Iterable[Entry], asked: ServicesAsked | PlacesAsked) -> list[Entry]:
    return [
        entry for entry in _searched(entries, asked) if asked.wants(entry.services[0], entry.facts)
    ]


def _listed(entries: list[Entry], asked: Paged, form: str, *, is_whole: bool = False) -> Answer:
    """A page of records, or all of them, a line each."""
    if asked.format == "ndjson":
        return "".join(f"{entry.text(form)}\n" for entry in entries), LINES
    total, size = len(entries), max(1, len(entries)) if is_whole else asked.size
    pages = max(1, ceil(total / size))
    if asked.page > pages:
        raise AskedWrongly(404, f"No hay página {asked.page}: la última es {pages}.")
    some = entries[(asked.page - 1) * size : asked.page * size]
    head = {
        "total_items": total,
        "total_pages": pages,
        "page_number": asked.page,
        "size": len(some),
        "first_page": asked.page == 1,
        "last_page": asked.page == pages,
        "empty": not some,
    }
    contents = ",".join(entry.text(form) for entry in some)
    return f'{_json(head)[:-1]},"contents":[{contents}]}}', JSON


def _json(record: Mapping[str, Any]) -> str:
    return json.dumps(record, ensure_ascii=False, separators=(",", ":"))
