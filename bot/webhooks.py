"""The providers' doors: verify, parse, hand over, and answer 2xx only when the turn is stored."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse, Response

from bot.channels import telegram_update, whatsapp_form
from bot.channels.base import MAX_BODY, Status
from bot.errors import RejectedInbound, SendError, StoreUnavailable
from bot.messages import Inbound

TELEGRAM_PATH = "/webhooks/telegram"
TWILIO_PATH = "/webhooks/twilio"
TWILIO_STATUS_PATH = "/webhooks/twilio/status"
EMPTY_TWIML = '<?xml version="1.0" encoding="UTF-8"?><Response/>'
SENTENCES = {
    400: "No se pudo leer el mensaje.",
    403: "No autorizado.",
    413: "El mensaje es demasiado grande.",
    422: "Al mensaje le falta algo o no tiene la forma esperada.",
    503: "Ahora no se pudo guardar. Vuelve a enviarlo.",
}

TakeIn = Callable[[Inbound], Awaitable[object]]
TakeStatus = Callable[[Status], Awaitable[None]]
AnswerTap = Callable[[str], Awaitable[None]]


@dataclass(frozen=True)
class Webhooks:
    """The two providers' doors over their ports; a secret that is empty lets nobody in.

    `take_in` returns once the turn is durably stored and raises `StoreUnavailable` otherwise;
    `answer_tap` stops the clock of a tapped Telegram button.
    """

    take_in: TakeIn
    take_status: TakeStatus
    public_url: str
    telegram_secret: str
    twilio_token: str
    answer_tap: AnswerTap | None = None
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def telegram(self, request: Request) -> Response:
        """`POST /webhooks/telegram`."""
        body = await read_body(request)
        received = telegram_update.parse(request.headers, body, self.telegram_secret)
        if received.inbound is not None:
            await self.take_in(received.inbound)
        if received.callback_id is not None and self.answer_tap is not None:
            task = asyncio.create_task(self._stop_clock(received.callback_id))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return Response(status_code=200)

    async def twilio(self, request: Request) -> Response:
        """`POST /webhooks/twilio`: a WhatsApp message."""
        body = await read_body(request)
        url = f"{self.public_url.rstrip('/')}{TWILIO_PATH}"
        inbound = whatsapp_form.parse(request.headers, body, url, self.twilio_token)
        if inbound is not None:
            await self.take_in(inbound)
        return Response(EMPTY_TWIML, media_type="application/xml")

    async def twilio_status(self, request: Request) -> Response:
        """`POST /webhooks/twilio/status`: what became of a message of ours."""
        body = await read_body(request)
        url = f"{self.public_url.rstrip('/')}{TWILIO_STATUS_PATH}"
        status = whatsapp_form.parse_status(request.headers, body, url, self.twilio_token)
        if status is not None:
            await self.take_status(status)
        return Response(status_code=204)

    async def _stop_clock(self, callback_id: str) -> None:
        if self.answer_tap is None:
            return
        try:
            await self.answer_tap(callback_id)
        except SendError:
            return  # only the little clock on her button: the reply itself goes by the outbox


async def read_body(request: Request) -> bytes:
    """The body; `RejectedInbound` (413) as soon as more than `MAX_BODY` bytes have come."""
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > MAX_BODY:
            raise RejectedInbound(413, "the body is too large")
        chunks.append(chunk)
    return b"".join(chunks)


def router(webhooks: Webhooks) -> APIRouter:
    """The three paths of INTERFACE 3; errors answer with one sentence (see `refuse`)."""
    paths = APIRouter(include_in_schema=False)
    for path, door in (
        (TELEGRAM_PATH, webhooks.telegram),
        (TWILIO_PATH, webhooks.twilio),
        (TWILIO_STATUS_PATH, webhooks.twilio_status),
    ):
        # A plain route: what FastAPI would read from a signature costs as much as storing the turn.
        paths.add_route(path, _guarded(door), methods=["POST"], include_in_schema=False)
    return paths


def _guarded(
    door: Callable[[Request], Awaitable[Response]],
) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        try:
            return await door(request)
        except RejectedInbound as refusal:
            return PlainTextResponse(SENTENCES[refusal.status], refusal.status)
        except StoreUnavailable:
            return PlainTextResponse(SENTENCES[503], 503)

    return answer
