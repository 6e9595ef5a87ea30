"""What is asked of `/api/hsds/`: the parameters of the HSDS OpenAPI, and what fits them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    field_validator,
    model_validator,
)

from directory.listing import Listing
from directory.nearness import distance_km, point
from directory.places import all_places
from directory.schedules import LIMA
from directory.spelling import fold
from directory.taxonomies import term, uuid

USUAL_SIZE, LARGEST_SIZE = 50, 1000
FARTHEST_METERS = 2_000_000
"""Farther than this no two places of Peru are apart."""

Facts = frozenset[tuple[str, str]]
SENTENCES = {
    "extra_forbidden": "no es un parámetro de esta lista",
    "int_parsing": "tiene que ser un número entero",
    "greater_than_equal": "tiene que ser {ge} o más",
    "less_than_equal": "tiene que ser {le} o menos",
    "bool_parsing": "tiene que ser true o false",
    "uuid_parsing": "tiene que ser un UUID",
    "literal_error": "tiene que ser {expected}",
    "datetime_from_date_parsing": "tiene que ser una fecha como 2026-11-21T10:00:00-05:00",
    "datetime_parsing": "tiene que ser una fecha como 2026-11-21T10:00:00-05:00",
    "string_too_long": "tiene {max_length} letras como máximo",
    "string_pattern_mismatch": "es el ubigeo de un distrito, seis cifras",
    "value_error": "{error}",
}


class Paged(BaseModel):
    """Of every list: which page, how long, with which words, in which form."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    search: str = Field("", max_length=200)
    page: int = Field(1, ge=1)
    per_page: int | None = Field(None, ge=1, le=LARGEST_SIZE)
    format: Literal["json", "ndjson"] = "json"

    @property
    def size(self) -> int:
        """So many records on a page."""
        return self.per_page or USUAL_SIZE

    def words(self) -> list[str]:
        """What is searched for, folded."""
        return fold(self.search).split()


class Filtered(Paged):
    """Of lists of services, as such or at their places."""

    taxonomy_term_id: UUID | None = None
    taxonomy_id: UUID | None = None
    organization_id: UUID | None = None
    modified_after: datetime | None = None
    full: bool = False

    def wants(self, one: Listing, facts: Facts) -> bool:
        """Whether a service passes every filter."""
        if self.organization_id and str(self.organization_id) != uuid(
            "organization", one.organization
        ):
            return False
        if self.modified_after and one.modified_at and one.modified_at < self._since:
            return False
        return _says(facts, self.taxonomy_id, self.taxonomy_term_id)

    @property
    def _since(self) -> datetime:
        """A moment without a zone is one in Peru."""
        moment = self.modified_after or datetime.min
        return moment if moment.tzinfo else moment.replace(tzinfo=LIMA)


class ServicesAsked(Filtered):
    """`/services`. `minimal` gives ids and days only, all of them on one page."""

    minimal: bool = False


class OrganizationsAsked(Paged):
    """`/organizations`: with their services, short or full."""

    full: bool = False
    full_service: bool = False


class PlacesAsked(Filtered):
    """`/service_at_locations`. Peru's postcodes are no use here: `postcode` is a district's ubigeo.

    Alone it asks for what serves the district, with `proximity` for what stands within so many
    metres of its centre.
    """

    postcode: Annotated[str, StringConstraints(pattern=r"^\d{6}$")] | None = None
    proximity: int | None = Field(None, ge=1, le=FARTHEST_METERS)

    @model_validator(mode="after")
    def _has_centre(self) -> PlacesAsked:
        if self.proximity is not None and self.postcode is None:
            raise ValueError("«proximity» necesita también «postcode»")
        return self

    @field_validator("postcode")
    @classmethod
    def _is_place(cls, ubigeo: str | None) -> str | None:
        if ubigeo is not None and ubigeo not in all_places():
            raise ValueError("no es el ubigeo de ningún distrito")
        return ubigeo

    def is_near(self, one: Listing) -> bool:
        """Whether a service is for that district, or near its centre."""
        if self.postcode is None:
            return True
        place = all_places()[self.postcode]
        if self.proximity is None:
            return one.covers(place.prefix)
        if one.lat is None or one.lon is None:
            return False
        away = distance_km(point(place.lat, place.lon), point(one.lat, one.lon))
        return away * 1000 <= self.proximity


class TermsAsked(Paged):
    """`/taxonomy_terms`, of one taxonomy or all; none has a parent."""

    taxonomy_id: UUID | None = None
    top_only: bool = False
    parent_id: UUID | None = None

    def wants(self, facts: Facts) -> bool:
        """Whether a term passes."""
        return self.parent_id is None and _says(facts, self.taxonomy_id, None)


def complaint(error: ValidationError) -> str:
    """The first thing that is wrong, as a sentence."""
    first = error.errors()[0]
    name = "".join(str(part) for part in first["loc"][:1])
    known = SENTENCES.get(first["type"], "no se entiende")
    said = known.format(**first.get("ctx", {}))
    return f"«{name}» {said}." if name else f"{said.capitalize()}."


def _says(facts: Facts, taxonomy: UUID | None, wanted: UUID | None) -> bool:
    if taxonomy and not any(uuid("taxonomy", name) == str(taxonomy) for name, _ in facts):
        return False
    return not wanted or any(term(*fact)["id"] == str(wanted) for fact in facts)
