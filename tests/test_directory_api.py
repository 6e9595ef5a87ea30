"""`/api/hsds/`: HSDS 3.0 for other systems, every record by its schema, every list in pages."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

import httpx
import pytest
from directory_loaded import MONDAY_MORNING, directory
from fastapi import FastAPI
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from directory import api
from directory.listing import Listing, is_shown
from directory.reading import Records
from directory.search import Directory
from directory.taxonomies import term, uuid

SCHEMAS = Path(__file__).parent / "hsds"
SHOWN = [one for one in directory().listings if is_shown(one)]
LISTS = ("services", "organizations", "service_at_locations", "taxonomies", "taxonomy_terms")
PAGE = "total_items total_pages page_number size first_page last_page empty contents".split()


@dataclass
class Reader:
    """Another system that reads the API over HTTP, without a server in between."""

    editions: list[Directory] = field(default_factory=lambda: [directory()])

    def __post_init__(self) -> None:
        self.app = FastAPI()
        self.app.include_router(api.router(lambda: self.editions[-1], lambda: MONDAY_MORNING))

    def ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        """One request."""

        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
                return await client.request(method, path, **options)

        return asyncio.run(send())

    def get(self, path: str, **options: Any) -> httpx.Response:
        """Read one path."""
        return self.ask("GET", path, **options)


def over(*listings: Listing) -> Reader:
    """The API over other services than the seed's."""
    return Reader([Directory(Records(2, listings, {}))])


@lru_cache(maxsize=1)
def asked() -> Reader:
    """The API over the seed."""
    return Reader()


@lru_cache(maxsize=1)
def schemas() -> Registry[Any]:
    """The published schemas, which name each other by file."""
    files = [path for path in SCHEMAS.glob("*.json") if path.name != "openapi.json"]
    resources = [
        (
            path.name,
            Resource.from_contents(
                json.loads(path.read_text()) | {"$schema": Draft202012Validator.META_SCHEMA["$id"]}
            ),
        )
        for path in files
    ]
    return Registry().with_resources(resources)


@lru_cache
def validator(kind: str) -> Draft202012Validator:
    """What holds a record against its schema, formats included."""
    return Draft202012Validator(
        schemas().contents(f"{kind}.json"),
        registry=schemas(),
        format_checker=Draft202012Validator.FORMAT_CHECKER,
    )


def faults(kind: str, record: object) -> list[str]:
    """Where a record breaks its schema."""
    found = validator(kind).iter_errors(record)
    return [f"{fault.json_path}: {fault.message}" for fault in found]


def lines(path: str, **parameters: str) -> list[dict[str, Any]]:
    """Every record of a list."""
    answer = asked().get(f"{api.ROOT}/{path}", params={"format": "ndjson", **parameters})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("application/x-ndjson")
    return [json.loads(line) for line in answer.text.splitlines()]


def got(path: str, **parameters: str | int) -> Any:
    """One answer as JSON."""
    answer = asked().get(f"{api.ROOT}{path}", params=parameters)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_the_schemas_refuse() -> None:
    """The validation below would see a wrong record, also one inside another."""
    record = got(f"/services/{uuid('service', 'LIN-1884')}")
    assert not faults("service", record)
    assert faults("service", record | {"id": "1884"})
    assert faults("service", record | {"status": "open"})
    assert faults("service", record | {"phones": [{"number": "1884"}]})
    assert faults("service", record | {"email": "nobody"})


def test_every_service_is_what_hsds_says() -> None:
    """All that is published, full as `/services/{id}` gives it, and in its short form."""
    full, short = lines("services", full="true"), lines("services")
    assert len(full) == len(short) == len(SHOWN) > 600
    assert not [fault for record in (*full, *short) for fault in faults("service", record)]
    for record in full[::25]:
        assert got(f"/services/{record['id']}") == record
    assert not any("phones" in record for record in short)


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("organizations", "organization"),
        ("service_at_locations", "service_at_location"),
        ("taxonomies", "taxonomy"),
        ("taxonomy_terms", "taxonomy_term"),
    ],
)
def test_every_other_record_is_what_hsds_says(path: str, kind: str) -> None:
    """Each of a list, alone and in the list."""
    records = lines(path)
    assert records
    assert not [fault for record in records for fault in faults(kind, record)]
    for record in records[::25]:
        alone = got(f"/{path}/{record['id']}")
        assert alone["id"] == record["id"]
        assert not faults(kind, alone)


def test_full_lists_hold_what_belongs_to_a_record() -> None:
    """`full` and `full_service`; an organization alone has its services."""
    ministry = next(one for one in lines("organizations", full="true") if len(one["services"]) > 9)
    assert {"id", "name", "status"} <= ministry["services"][0].keys()
    assert "phones" not in ministry["services"][0]
    assert got(f"/organizations/{ministry['id']}")["services"] == ministry["services"]
    whole = got(f"/organizations/{ministry['id']}", full_service="true")
    assert "phones" in whole["services"][0]
    assert not faults("organization", whole)
    placed = lines("service_at_locations", full="true")
    assert any(one["location"].get("addresses") for one in placed)
    assert all(one["service"]["phones"] is not None for one in placed)


def test_only_what_people_may_be_shown_is_published() -> None:
    """SAFETY 31 and 16: no hidden row, no place of a shelter, no remark of an editor."""
    hidden = [one for one in directory().listings if not is_shown(one)]
    assert hidden
    for one in hidden:
        assert asked().get(f"{api.ROOT}/services/{uuid('service', one.id)}").status_code == 404
        place = uuid("service_at_location", one.id)
        assert asked().get(f"{api.ROOT}/service_at_locations/{place}").status_code == 404
    houses = [one for one in SHOWN if one.kind == "shelter"]
    for one in houses:
        text = asked().get(f"{api.ROOT}/services/{uuid('service', one.id)}").text
        assert "address_1" not in text
        assert "latitude" not in text
    taken = replace(SHOWN[0], status="inactive")
    less = over(taken, *SHOWN[1:])
    page = less.get(f"{api.ROOT}/services").json()
    assert page["total_items"] == len(SHOWN) - 1


@pytest.mark.parametrize("path", LISTS)
def test_pages_hold_everything_once(path: str) -> None:
    """Page after page gives the whole list in its order, and the head tells the truth."""
    whole, seen, number = lines(path), [], 1
    while True:
        page = got(f"/{path}", page=number, per_page=250)
        assert list(page) == PAGE
        seen += page["contents"]
        assert page["page_number"] == number
        assert page["size"] == len(page["contents"])
        assert page["first_page"] == (number == 1)
        assert page["total_items"] == len(whole)
        if page["last_page"]:
            break
        number += 1
    assert number == page["total_pages"]
    assert seen == whole


def test_services_are_filtered() -> None:
    """By organization, term, taxonomy and words; minimal gives ids only, on one page."""
    one = next(one for one in SHOWN if one.kind == "women_center")
    ours = [each for each in SHOWN if each.organization == one.organization]
    found = got("/services", organization_id=uuid("organization", one.organization))
    assert found["total_items"] == len(ours)
    kind = term("kind", "women_center")
    centers = got("/services", taxonomy_term_id=kind["id"])
    assert centers["total_items"] == sum(each.kind == "women_center" for each in SHOWN)
    said = got("/services", taxonomy_id=uuid("taxonomy", "asks_id"))
    assert said["total_items"] == sum("asks_id" in each.fears for each in SHOWN)
    searched = got("/services", search=f"{one.organization.upper()} {one.district}")
    assert 1 <= searched["total_items"] < len(ours)
    assert got("/services", search="zzz")["empty"] is True
    minimal = got("/services", minimal="true")
    assert minimal["size"] == minimal["total_items"] == len(SHOWN)
    assert minimal["contents"][0].keys() == {"id", "modified_date"}


def test_places_are_found_by_district() -> None:
    """`postcode` is a ubigeo: what serves the district, or what stands near its centre."""
    served = got("/service_at_locations", postcode="160101", per_page=1000)["contents"]
    near = got("/service_at_locations", postcode="160101", proximity=5000, per_page=1000)
    by_id = {uuid("service_at_location", one.id): one for one in SHOWN}
    assert served
    assert all(by_id[one["id"]].covers("160101") for one in served)
    assert near["contents"]
    assert {by_id[one["id"]].department for one in near["contents"]} == {"Loreto"}


def test_terms_are_filtered() -> None:
    """Terms of one taxonomy; none has a parent, all are at the top."""
    topics = got("/taxonomy_terms", taxonomy_id=uuid("taxonomy", "topic"), per_page=1000)
    assert {one["taxonomy"] for one in topics["contents"]} == {"topic"}
    top = got("/taxonomy_terms", top_only="true")
    assert top["total_items"] == len(lines("taxonomy_terms"))
    assert got("/taxonomy_terms", parent_id=topics["contents"][0]["id"])["empty"] is True


def test_modified_after_leaves_out_what_was_written_before() -> None:
    """By people or by the seed; to the second."""
    assert all(one.modified_at for one in SHOWN)
    edited = datetime(2026, 11, 20, 12, tzinfo=UTC)
    changed = replace(SHOWN[0], modified_at=edited)
    later = (replace(one, modified_at=edited + timedelta(days=1)) for one in SHOWN[1:])
    reader = over(changed, *later)

    def total(moment: datetime) -> int:
        parameters = {"modified_after": moment.isoformat()}
        answer = reader.get(f"{api.ROOT}/services", params=parameters)
        return int(answer.json()["total_items"])

    assert total(edited) == len(SHOWN)
    assert total(edited + timedelta(seconds=1)) == len(SHOWN) - 1
    record = reader.get(f"{api.ROOT}/services/{uuid('service', changed.id)}").json()
    assert record["last_modified"] == "2026-11-20T12:00:00+00:00"
    assert not faults("service", record)


@pytest.mark.parametrize(
    ("path", "status", "sentence"),
    [
        ("/services?page=0", 422, "«page» tiene que ser 1 o más."),
        ("/services?page=uno", 422, "«page» tiene que ser un número entero."),
        ("/services?page=99", 404, "No hay página 99: la última es 14."),
        ("/services?per_page=1001", 422, "«per_page» tiene que ser 1000 o menos."),
        ("/services?full=quizas", 422, "«full» tiene que ser true o false."),
        ("/services?format=xml", 422, "«format» tiene que ser 'json' or 'ndjson'."),
        ("/services?pagina=2", 422, "«pagina» no es un parámetro de esta lista."),
        ("/services?organization_id=7", 422, "«organization_id» tiene que ser un UUID."),
        ("/services?modified_after=ayer", 422, "«modified_after» tiene que ser una fecha"),
        ("/service_at_locations?postcode=15", 422, "«postcode» es el ubigeo de un distrito"),
        ("/service_at_locations?postcode=999999", 422, "«postcode» no es el ubigeo de ningún"),
        ("/service_at_locations?proximity=9", 422, "«proximity» necesita también «postcode»."),
        ("/services/1884", 404, "No publicamos ningún dato de «servicio» con ese id."),
        ("/services/%F0%9F%92%A9'--", 404, "No publicamos ningún dato"),
        ("/taxonomies/x", 404, "No publicamos ningún dato de «taxonomía» con ese id."),
        ("/secrets", 404, "No hay nada en esta dirección; hay services, organizations,"),
    ],
)
def test_a_wrong_question_gets_one_sentence(path: str, status: int, sentence: str) -> None:
    """Never a 500, never another list than was asked for."""
    answer = asked().get(f"{api.ROOT}{path}")
    assert answer.status_code == status
    assert answer.json()["detail"].startswith(sentence), answer.text
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "etag" not in answer.headers


def headers(path: str, **sent: str) -> tuple[int, Mapping[str, str], bytes]:
    """Status, headers and body of one question."""
    names = {name.replace("_", "-"): value for name, value in sent.items()}
    answer = asked().get(f"{api.ROOT}{path}", headers=names)
    return answer.status_code, answer.headers, answer.content


def test_who_has_it_already_gets_nothing_again() -> None:
    """ETag first, Last-Modified without one; another edition is another tag."""
    status, first, _ = headers("/services")
    assert (status, first["access-control-allow-origin"]) == (200, "*")
    assert first["cache-control"].startswith("public, max-age=")
    assert first["last-modified"] == "Mon, 23 Nov 2026 15:00:00 GMT"
    status, again, body = headers("/services", if_none_match=f'"x", W/{first["etag"]}')
    assert (status, body, again["etag"]) == (304, b"", first["etag"])
    assert headers("/services", if_none_match='"x"')[0] == 200
    later, earlier = "Mon, 23 Nov 2026 15:00:00 GMT", "Mon, 23 Nov 2026 14:59:59 GMT"
    assert headers("/services", if_modified_since=later)[0] == 304
    assert headers("/services", if_modified_since=earlier)[0] == 200
    assert headers("/services", if_modified_since="ayer")[0] == 200
    assert headers("/services", if_none_match='"x"', if_modified_since=later)[0] == 200
    renamed = replace(SHOWN[0], name="Otro nombre")
    other = over(renamed, *SHOWN[1:])
    assert other.get(f"{api.ROOT}/services").headers["etag"] != first["etag"]


def test_a_published_edit_is_in_the_next_answer() -> None:
    """The same app over a newer edition: nothing of the older one is kept."""
    reader, path = Reader(), f"{api.ROOT}/services/{uuid('service', SHOWN[0].id)}"
    assert reader.get(path).json()["name"] == SHOWN[0].name
    reader.editions.append(Directory(Records(2, (replace(SHOWN[0], name="Nuevo"), *SHOWN[1:]), {})))
    assert reader.get(path).json()["name"] == "Nuevo"


def test_other_pages_may_read_and_nobody_may_write() -> None:
    """CORS for reading, also with conditions; any other method is refused."""
    preflight = asked().ask(
        "OPTIONS",
        f"{api.ROOT}/services",
        headers={"origin": "https://x.pe", "access-control-request-headers": "if-none-match"},
    )
    assert preflight.status_code == 204
    assert "GET" in preflight.headers["access-control-allow-methods"]
    assert asked().ask("HEAD", f"{api.ROOT}/services").status_code == 200
    assert asked().ask("POST", f"{api.ROOT}/services").status_code == 405
    assert got("/")["version"] == "3.0"
