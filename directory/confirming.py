"""`/directory/confirm/{token}`: a service's own staff say "still right", or what is wrong.

No login, one service, one answer. Looking changes nothing, so neither does a link preview; one
button posts. "Still right" counts from today; a correction waits for a reviewer like any other
(`editing`). What is confirmed is what she saw: when it changed meanwhile, she sees it anew.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeVar

from fastapi import APIRouter
from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response

from directory import editing, hours
from directory.errors import EditRefused, LinkRefused
from directory.links import PATH, Link, Signer, is_used
from directory.proposals import Editor
from directory.publishing import current

T = TypeVar("T")
Handler = Callable[[Request], Awaitable[Response]]
TEMPLATE = "confirm.html"
HOLDER = Editor(None, "Personal del servicio, por enlace")
WHY = "Confirmado por el enlace"
FIELDS = ("phones", "whatsapp", "email", "url", "address", "hours")
"""What its own staff is asked about, in this order."""
GONE = "inactive"
STATUSES = {"changed": 404, "expired": 410, "used": 410, "gone": 410}


class Counter(Protocol):
    """What these pages need of the house they stand in."""

    def endpoint(self, handler: Handler) -> Handler:
        """A path for everybody; a broken form is answered with one sentence."""

    def page(self, request: Request, template: str, status: int, **values: Any) -> Response:
        """A page of no one's session, with its headers."""

    async def fields(self, request: Request) -> Mapping[str, str]:
        """The fields of a posted form, of this site's own page."""

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Read the store."""

    async def write(self, work: Callable[[Connection], T]) -> T:
        """One transaction, durable when it returns."""

    def now(self) -> datetime:
        """The house's clock."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What she posted: that it holds, or fields as they should be."""

    seen: str
    is_right: bool
    is_closed: bool
    said: Mapping[str, str]
    why: str


def router(counter: Counter, signer: Signer) -> APIRouter:
    """Looking and answering."""

    async def look(request: Request) -> Response:
        now = counter.now()
        try:
            link = signer.read(request.path_params["token"], now)
            said = await counter.read(lambda connection: _said(connection, link))
        except LinkRefused as refused:
            return _refused(counter, request, refused)
        return _asked(counter, request, said)

    async def take(request: Request) -> Response:
        now, answer = counter.now(), _answer(await counter.fields(request))
        try:
            link = signer.read(request.path_params["token"], now)
            # Refused outright, and with it the transaction: nothing is half done.
            await counter.write(lambda connection: _take(connection, link, answer, now))
        except LinkRefused as refused:
            return _refused(counter, request, refused)
        except EditRefused as refused:
            said = await counter.read(lambda connection: _said(connection, link))
            return _asked(counter, request, said, answer, refused.wrong)
        outcome = "thanks" if answer.is_right else "proposed"
        return counter.page(request, TEMPLATE, 200, outcome=outcome)

    paths, path = APIRouter(include_in_schema=False), f"{PATH}/{{token}}"
    paths.add_api_route(path, counter.endpoint(look), methods=["GET", "HEAD"])
    paths.add_api_route(path, counter.endpoint(take), methods=["POST"])
    return paths


def _said(connection: Connection, link: Link) -> dict[str, str]:
    """The service's fields; raises LinkRefused when nobody is asked about it any more."""
    try:
        said = current(connection, link.service_id)
    except EditRefused:
        raise LinkRefused("gone") from None
    if said["status"] != "active":
        raise LinkRefused("gone")
    if is_used(connection, link):  # after `current`, which makes two answers wait for each other
        raise LinkRefused("used")
    return said


def _take(connection: Connection, link: Link, answer: Answer, now: datetime) -> None:
    said = _said(connection, link)
    if answer.seen != _digest(said):
        raise EditRefused("seen_other")
    if answer.is_right:
        editing.confirm(connection, link.service_id, by=HOLDER, why=WHY, source="link", now=now)
        return
    fields = dict(answer.said) | ({"status": GONE} if answer.is_closed else {})
    if fields.get("hours") == _spoken(said):
        del fields["hours"]
    made = editing.propose(
        connection, link.service_id, fields, by=HOLDER, why=answer.why, source="link", now=now
    )
    if not made:
        raise EditRefused("nothing_changed")


def _answer(fields: Mapping[str, str]) -> Answer:
    return Answer(
        fields.get("seen", ""),
        fields.get("answer") == "right",
        fields.get("closed") == GONE,
        {name: fields[name] for name in FIELDS if name in fields},
        fields.get("why", ""),
    )


def _asked(
    counter: Counter,
    request: Request,
    said: Mapping[str, str],
    answer: Answer | None = None,
    wrong: Mapping[str, str] | None = None,
) -> Response:
    """The question; after a refusal with what she wrote, and why it is not taken."""
    seen, said = _digest(said), {**said, "hours": _spoken(said)}
    shown = [one for one in FIELDS if one != "address" or said["kind"] != "shelter"]
    day = said["confirmed_at"] or said["source_date"][:10]
    return counter.page(
        request,
        TEMPLATE,
        422 if wrong else 200,
        outcome="asked",
        said=said,
        shown=shown,
        day=day,
        seen=seen,
        typed={**said, **(answer.said if answer else {})},
        answer=answer,
        wrong=wrong or {},
    )


def _spoken(said: Mapping[str, str]) -> str:
    """Hours in words, as she reads and corrects them."""
    return hours.say(said["hours"]) or said["hours"]


def _refused(counter: Counter, request: Request, refused: LinkRefused) -> Response:
    reason = str(refused)
    return counter.page(request, TEMPLATE, STATUSES[reason], outcome=reason)


def _digest(said: Mapping[str, str]) -> str:
    """Of what she sees and is asked about."""
    seen = "\0".join((said["name"], *(said[name] for name in FIELDS)))
    return hashlib.sha256(seen.encode()).hexdigest()[:32]
