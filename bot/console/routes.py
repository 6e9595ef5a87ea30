"""Every path of the console, with the right it asks for. What is not here is not open."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from fastapi import APIRouter, Request
from starlette.responses import Response

from bot.channels.webchat.page import Asset
from bot.console import (
    account,
    closed,
    marks,
    offering,
    parting,
    pings,
    queue,
    referral,
    shifts,
    signin,
    staff,
    statistics,
    thread,
)
from bot.console.pages import assets, send
from bot.console.room import HOME, Handler, Room, guarded, opened
from bot.staff import Right

CASE = f"{HOME}/cases/{{case}}"
MEMBER = f"{HOME}/staff/{{member}}"
ENROL = f"{HOME}/enroll/{{token}}"

GUARDED: tuple[tuple[str, str, Right, Handler], ...] = (
    ("GET", HOME, "account", queue.show),
    ("GET", f"{HOME}/events", "counsel", queue.events),
    ("POST", f"{HOME}/presence", "counsel", queue.set_presence),
    ("POST", f"{HOME}/here", "account", queue.here),
    ("GET", f"{HOME}/form", "account", account.show_form_token),
    ("POST", f"{HOME}/language", "account", signin.post_language),
    ("POST", f"{HOME}/signout", "account", signin.post_signout),
    ("GET", f"{HOME}/account", "account", account.show),
    ("POST", f"{HOME}/account/passkeys", "account", account.offer_key),
    ("POST", f"{HOME}/account/passkeys/done", "account", account.keep_key),
    ("POST", f"{HOME}/account/passkeys/remove", "account", account.remove_key),
    ("POST", f"{HOME}/account/code", "account", account.offer_code),
    ("POST", f"{HOME}/account/code/done", "account", account.keep_code),
    ("POST", f"{HOME}/account/code/remove", "account", account.remove_code),
    ("POST", f"{HOME}/account/password", "account", account.change_password),
    ("POST", f"{HOME}/account/everywhere", "account", account.sign_out_everywhere),
    ("GET", CASE, "counsel", thread.show),
    ("GET", f"{CASE}/events", "counsel", thread.events),
    ("POST", f"{CASE}/claim", "counsel", queue.claim),
    ("POST", f"{CASE}/reply", "counsel", thread.reply),
    ("POST", f"{CASE}/draft", "counsel", thread.draft),
    ("POST", f"{CASE}/note", "counsel", thread.note),
    ("POST", f"{CASE}/retry", "counsel", thread.retry),
    ("POST", f"{CASE}/services", "counsel", offering.look_for),
    ("POST", f"{CASE}/insert", "counsel", offering.insert),
    ("POST", f"{CASE}/give", "counsel", offering.give),
    ("POST", f"{CASE}/transfer", "counsel", parting.transfer),
    ("POST", f"{CASE}/move", "counsel", parting.move),
    ("POST", f"{CASE}/close", "counsel", parting.close),
    ("GET", f"{CASE}/referral", "counsel", referral.show),
    ("POST", f"{CASE}/referral", "counsel", referral.make),
    ("POST", f"{CASE}/word", "counsel", marks.agree_word),
    ("POST", f"{CASE}/minor", "counsel", marks.mark_minor),
    ("POST", f"{CASE}/knock", "counsel", marks.knock),
    ("GET", f"{HOME}/minors", "counsel", marks.protocol),
    ("GET", f"{HOME}/closed", "counsel", closed.show),
    ("POST", f"{HOME}/closed/{{case}}", "counsel", closed.open_again),
    ("POST", f"{CASE}/release", "supervise", queue.take_back),
    ("GET", f"{HOME}/shifts", "counsel", shifts.show),
    ("POST", f"{HOME}/shifts", "counsel", shifts.plan),
    ("GET", pings.PINGS, "counsel", pings.show),
    ("POST", pings.PINGS, "counsel", pings.offer),
    ("POST", f"{pings.PINGS}/confirm", "counsel", pings.confirm),
    ("POST", f"{pings.PINGS}/off", "counsel", pings.stop),
    ("GET", f"{HOME}/statistics", "supervise", statistics.show),
    ("GET", f"{HOME}/staff", "manage", staff.show),
    ("POST", f"{HOME}/staff", "manage", staff.add),
    ("POST", MEMBER, "manage", staff.change),
    ("POST", f"{MEMBER}/reset", "manage", staff.reset),
    ("POST", f"{MEMBER}/off", "manage", staff.off),
)
OPEN: tuple[tuple[str, str, Callable[[Room, Request], Awaitable[Response]]], ...] = (
    ("GET", f"{HOME}/signin", signin.show_signin),
    ("POST", f"{HOME}/signin", signin.post_signin),
    ("POST", f"{HOME}/signin/passkey", signin.ask_for_passkey),
    ("POST", f"{HOME}/signin/passkey/done", signin.post_passkey),
    ("GET", ENROL, signin.show_enrolment),
    ("POST", ENROL, signin.post_enrolment),
    ("GET", f"{ENROL}/code.svg", signin.show_picture),
)


def router(room: Room) -> APIRouter:
    """All paths, over the room they share."""
    paths = APIRouter(include_in_schema=False)
    for method, path, right, handler in GUARDED:
        paths.add_api_route(path, guarded(room, right, handler), methods=[method])
    for method, path, open_handler in OPEN:
        paths.add_api_route(path, opened(room, open_handler), methods=[method])
    for name, asset in assets().items():
        paths.add_api_route(f"{HOME}/static/{name}", _sender(asset), methods=["GET"])
    return paths


def _sender(asset: Asset) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        return send(asset, request)

    return endpoint
