"""The editor at `/directory`: every path with the right it asks for. What is not here is not open.

The composition root gives a `Desk`: session, rights, page shell and store (see `desk`).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from fastapi import APIRouter
from starlette.responses import Response

from directory import entry, exchange, overview, review
from directory.desk import HOME, Desk, Handler, Right, Visit

SERVICE = f"{HOME}/services/{{service}}"
DECISION = f"{HOME}/review/{{number}}"

PATHS: tuple[tuple[str, str, Right, Callable[[Desk, Visit], Awaitable[Response]]], ...] = (
    ("GET", HOME, "edit", overview.show),
    ("GET", f"{HOME}/new", "edit", entry.show_new),
    ("POST", f"{HOME}/new", "edit", entry.save),
    ("POST", f"{HOME}/new/look", "edit", entry.consider),
    ("GET", f"{HOME}/places", "edit", entry.suggest),
    ("GET", SERVICE, "edit", entry.show),
    ("POST", SERVICE, "edit", entry.save),
    ("POST", f"{SERVICE}/look", "edit", entry.consider),
    ("POST", f"{SERVICE}/confirm", "edit", entry.confirm),
    ("POST", f"{SERVICE}/link", "edit", entry.link),
    ("GET", f"{SERVICE}/history", "edit", review.history),
    ("GET", f"{HOME}/review", "edit", review.show),
    ("POST", f"{HOME}/review/imports/{{number}}", "review", review.publish_batch),
    ("POST", f"{DECISION}/publish", "review", review.publish),
    ("POST", f"{DECISION}/refuse", "edit", review.refuse),
    ("POST", f"{DECISION}/revert", "edit", review.revert),
    ("GET", exchange.IMPORT, "edit", exchange.show_import),
    ("POST", exchange.IMPORT, "edit", exchange.look),
    ("POST", f"{exchange.IMPORT}/keep", "edit", exchange.keep),
    ("POST", f"{exchange.IMPORT}/{{batch}}/undo", "edit", exchange.undo),
    ("GET", exchange.EXPORT, "edit", exchange.show_export),
    ("GET", f"{exchange.EXPORT}/{{name}}", "edit", exchange.send),
)


def router(desk: Desk) -> APIRouter:
    """All paths, at one desk."""
    paths = APIRouter(include_in_schema=False)
    for method, path, right, handler in PATHS:
        takes_file = handler in (exchange.look, exchange.keep)
        endpoint = desk.endpoint(right, _at(desk, handler), takes_file=takes_file)
        paths.add_api_route(path, endpoint, methods=[method])
    return paths


def _at(desk: Desk, handler: Callable[[Desk, Visit], Awaitable[Response]]) -> Handler:
    async def handled(visit: Visit) -> Response:
        return await handler(desk, visit)

    return handled
