"""The list of services: searched, filtered, a page at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal
from urllib.parse import urlencode

from sqlalchemy import Connection, select
from starlette.responses import Response

from directory import proposals
from directory.desk import HOME, Desk, Visit
from directory.freshness import FRESH_TIERS
from directory.lines import line_services
from directory.listing import Listing, is_shown, is_stale, tier
from directory.models import Organization
from directory.needs import needs
from directory.places import all_places
from directory.proposals import Editor
from directory.spelling import fold

PER_PAGE = 30
Ids = frozenset[str]
State = Literal["", "stale", "unconfirmed", "closed", "hidden", "waiting", "complaints"]
STATES: Mapping[str, Callable[[Listing, date, Ids, Ids], bool]] = {
    "stale": lambda one, today, *_: is_shown(one) and tier(one, today) not in FRESH_TIERS,
    "unconfirmed": lambda one, *_: is_shown(one) and one.confirmed_at is None,
    "closed": lambda one, today, *_: one.is_shut(today),
    "hidden": lambda one, *_: not is_shown(one),
    "waiting": lambda one, _, waiting, __: one.id in waiting,
    "complaints": lambda one, *told: one.id in told[-1],
}


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody looks for; empty is everything. `page` counts from 1."""

    text: str = ""
    department: str = ""
    need: str = ""
    state: str = ""
    own: str = ""
    page: int = 1

    def at(self, page: int) -> str:
        """The address of another page of the same."""
        fields = {"q": self.text, "department": self.department, "need": self.need}
        fields |= {"state": self.state, "own": self.own, "page": str(page)}
        told = {name: text for name, text in fields.items() if text}
        return f"{HOME}?{urlencode(told)}"


def asked(query: Mapping[str, str]) -> Asked:
    """The question of an address; what it does not know counts as not asked."""
    page = query.get("page", "")
    return Asked(
        text=query.get("q", "")[:100],
        department=query.get("department", "") if query.get("department") in departments() else "",
        need=query.get("need", "") if query.get("need") in needs() else "",
        state=query.get("state", "") if query.get("state") in STATES else "",
        own="1" if query.get("own") == "1" else "",
        page=int(page) if page.isascii() and page.isdigit() and 0 < len(page) < 5 else 1,
    )


def found(
    listings: tuple[Listing, ...],
    wish: Asked,
    today: date,
    waiting: Ids,
    complained: Ids,
    organization: str | None,
) -> list[Listing]:
    """What fits, in the directory's order."""
    words = fold(wish.text).split()
    need = needs().get(wish.need)

    def fits(one: Listing) -> bool:
        return (
            (not wish.own or one.organization == organization)
            and (not wish.department or _serves(one, wish.department))
            and (need is None or (one.kind in need.kinds and bool({*one.topics} & {*need.topics})))
            and (not wish.state or STATES[wish.state](one, today, waiting, complained))
            and all(word in _text(one) for word in words)
        )

    return sorted(filter(fits, listings), key=lambda one: one.name.casefold())


def organization_of(connection: Connection, editor: Editor) -> str | None:
    """The name of an editor's own organization."""
    name = select(Organization.name).where(Organization.id == editor.organization_id)
    return connection.scalar(name) if editor.organization_id is not None else None


async def show(desk: Desk, visit: Visit) -> Response:
    """`GET /directory`."""
    wish = asked(visit.request.query_params)
    today = desk.now().date()

    def work(connection: Connection) -> tuple[list[str], str | None]:
        ids = [one.service_id for one in proposals.waiting(connection)]
        return ids, organization_of(connection, visit.editor)

    ids, organization = await desk.read(work)
    directory, waiting = desk.directory(), frozenset(ids)
    complained = frozenset(directory.troubles)
    fitting = await asyncio.to_thread(
        found, directory.listings, wish, today, waiting, complained, organization
    )
    last = max(1, -(-len(fitting) // PER_PAGE))
    wish = replace(wish, page=min(wish.page, last))
    start = (wish.page - 1) * PER_PAGE
    return desk.page(
        visit,
        "directory_list.html",
        asked=wish,
        services=[row(one, today, ids, complained) for one in fitting[start : start + PER_PAGE]],
        count=len(fitting),
        last=last,
        waiting=len(ids),
        organization=organization,
        departments=departments(),
        needs=needs(),
        states=tuple(STATES),
        done=visit.request.query_params.get("done", ""),
    )


@dataclass(frozen=True, slots=True)
class Entry:
    """One service in a list, with what an editor should notice."""

    listing: Listing
    signs: tuple[str, ...]
    is_line: bool


def row(one: Listing, today: date, waiting: list[str], complained: Ids) -> Entry:
    """Signs in order of weight."""
    signs = {
        "hidden": not is_shown(one),
        "closed": one.is_shut(today),
        "waiting": one.id in waiting,
        "complaints": one.id in complained,
        "old": is_shown(one) and is_stale(one, today),
        "unconfirmed": is_shown(one) and one.confirmed_at is None and not is_stale(one, today),
    }
    told = tuple(name for name, holds in signs.items() if holds)
    return Entry(one, told, one.id in line_services())


def departments() -> dict[str, str]:
    """Names of departments by the first digits of their code."""
    return {
        place.ubigeo[:2]: place.name
        for place in all_places().values()
        if place.level == "department"
    }


def _serves(one: Listing, code: str) -> bool:
    return (one.ubigeo or "").startswith(code) or code in {area[:2] for area in one.areas}


def _text(one: Listing) -> str:
    numbers = (phone.text for phone in (*one.phones, *one.whatsapp))
    digits = "".join(letter for number in numbers for letter in f"{number} " if letter.isalnum())
    said = (one.id, one.name, one.organization, one.district, one.province, one.department)
    return f"{fold(' '.join(part or '' for part in said))} {digits} {one.email or ''}"
