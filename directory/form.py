"""One service as a form: what is filled in, what it means, and how a person would see it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from directory import hours
from directory.draft import listing_of
from directory.editing import changed
from directory.errors import EditRefused
from directory.fields import (
    CONFIDENCES,
    FIELDS,
    LISTS,
    PRIORITIES,
    STATUSES,
    TRUTHS,
    audiences,
    regions,
)
from directory.likeness import Double, doubles
from directory.listing import Listing
from directory.models import FEAR_TAXONOMIES
from directory.needs import topics
from directory.places import all_places, find
from directory.rows import LANGUAGES
from directory.scrutiny import faults
from directory.seeds import split
from directory.telephone import dialled

PLACE = "place"
"""The one box for a district; the form has it instead of codes and names."""
TYPED = (
    *("name", "organization", "phones", "whatsapp", "email", "url", "address", "lat", "lon"),
    *("hours", "closed_until", "alert", "source", "source_url", "source_date", "note"),
)
CHOSEN: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("free", "anonymous", *FEAR_TAXONOMIES), TRUTHS),
    "status": STATUSES,
    "confidence": CONFIDENCES,
    "priority": PRIORITIES,
}
SUGGESTED = 12


@dataclass(frozen=True, slots=True)
class Look:
    """What a filled form means. `wrong` has sentences by field; without any, `listing` is the
    service as it would be, with `doubles` that may be the same."""

    wrong: Mapping[str, str]
    hours: str
    openings: Sequence[datetime]
    numbers: Sequence[tuple[str, str]]
    listing: Listing | None
    doubles: Sequence[Double]


def filled(fields: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """A posted form as fields of a service, and a sentence for a place that is not clear."""
    said = {name: fields[name] for name in (*TYPED, *CHOSEN, "kind", "id") if name in fields}
    for name in LISTS & fields.keys():
        given = [one.partition(":")[2] for one in fields if one.startswith(f"{name}:")]
        said[name] = "; ".join(given)
    if PLACE not in fields:
        return said, {}
    try:
        said["ubigeo"] = code_of(fields[PLACE])
    except EditRefused as refused:
        return said, refused.wrong
    return said, {}


def look(
    before: Mapping[str, str],
    said: Mapping[str, str],
    unclear: Mapping[str, str],
    others: Sequence[Listing],
    now: datetime,
    *,
    is_new: bool,
) -> Look:
    """What a form means before anything is proposed."""
    after = {**before, **said}
    wrong = dict(unclear)
    try:
        after = {**before, **changed(before, said, now, is_new=is_new)}
    except EditRefused as refused:
        wrong |= refused.wrong
    else:
        wrong |= faults(before, after, is_new=is_new)
    read = "hours" not in wrong
    return Look(
        wrong=wrong,
        hours=hours.say(after["hours"]) if read else "",
        openings=hours.openings(after["hours"], now) if read else (),
        numbers=[
            (text, address)
            for text in split(f"{after['phones']}; {after['whatsapp']}")
            if (address := dialled(text))
        ],
        listing=None if wrong else listing_of(after),
        doubles=() if wrong else doubles(after["id"], after, others)[:5],
    )


def code_of(text: str) -> str:
    """The code of a place as somebody typed or picked it; raises EditRefused when not clear."""
    text = " ".join(text.split())
    if not text or text in all_places():
        return text
    if exact := labels().get(text.casefold()):
        return exact
    fitting = find(text, is_answer=True)
    if len(fitting) == 1:
        return fitting[0].ubigeo
    if not fitting:
        raise EditRefused({PLACE: f"No encuentro «{text[:60]}» entre los lugares del Perú."})
    names = "; ".join(one.label for one in fitting[:6])
    raise EditRefused({PLACE: f"«{text[:60]}» puede ser más de un lugar: {names}. Escribe uno."})


def suggested(text: str) -> list[str]:
    """Places whose name begins so, then those that sound so."""
    typed = text.casefold().strip()
    if len(typed) < 2:
        return []
    begun = [one.label for one in all_places().values() if one.name.casefold().startswith(typed)]
    near = [one.label for one in find(text, is_answer=True)]
    return list(dict.fromkeys([*near, *begun]))[:SUGGESTED]


def label_of(code: str) -> str:
    """A place as the form shows it."""
    place = all_places().get(code)
    return place.label if place else ""


@lru_cache(maxsize=1)
def labels() -> dict[str, str]:
    """Codes by the folded label of each place."""
    return {one.label.casefold(): one.ubigeo for one in all_places().values()}


def ticks() -> dict[str, tuple[str, ...]]:
    """What may be ticked, by field."""
    return {
        "topics": tuple(topics()),
        "audience": audiences(),
        "languages": tuple(LANGUAGES),
        "coverage": regions(),
    }


def seen(said: Mapping[str, str]) -> str:
    """A sign of the fields as they were when somebody opened the form."""
    joined = "\x1f".join(said[name] for name in FIELDS)
    return hashlib.sha256(joined.encode()).hexdigest()[:16]
