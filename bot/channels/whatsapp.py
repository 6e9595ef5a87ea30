"""WhatsApp through Twilio: messages out, with buttons where they are safe, numbers where not."""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, TypeVar

import httpx
from twilio.base.exceptions import (
    TwilioException,
    TwilioRestException,
    TwilioServiceException,
)
from twilio.base.version import Version
from twilio.http.response import Response
from twilio.rest import Client
from twilio.rest.messaging.v2.channels_sender import ChannelsSenderList

from bot.channels.base import Sending, Sent, clean, may_have_arrived, silence
from bot.channels.rendering import Prompts, fit_whatsapp
from bot.channels.twilio_content import Contents, ContentSids, Template, fixed, template
from bot.channels.twilio_errors import CONTENT, GONE, meaning
from bot.channels.twilio_http import TwilioHttp
from bot.channels.whatsapp_form import STATUSES, parse, parse_status
from bot.errors import KuskaError, SendError
from bot.messages import Inbound, Message

__all__ = ["Account", "ContentSids", "WhatsApp", "parse", "parse_status"]

CLOCK_SLACK = timedelta(seconds=2)
"""Twilio keeps whole seconds, and its clock is not ours."""

LOOK_BACK = 20
"""Messages to one address that are looked through for one whose answer was lost."""

_LOG = logging.getLogger("kuska.whatsapp")
_Answer = TypeVar("_Answer")


@dataclass(frozen=True, slots=True)
class Account:
    """Who sends: `sender` with or without `whatsapp:`; `status_url` is the public callback.

    `base_url` points all of Twilio's interfaces at a local double.
    """

    sid: str
    token: str
    sender: str
    status_url: str | None = None
    base_url: str | None = None


class WhatsApp:
    """The WhatsApp channel. `static_titles` are the titles that flows may put on a button."""

    name: Literal["whatsapp"] = "whatsapp"

    def __init__(
        self,
        account: Account,
        prompts: Callable[[str], Prompts],
        sids: ContentSids,
        *,
        static_titles: Collection[str],
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        # httpx and twilio log addresses of requests, which carry telephone numbers.
        silence(("httpx", "httpcore", "twilio"))
        self._prompts = prompts
        self._static_titles = frozenset(static_titles)
        self._sender = f"whatsapp:{account.sender.removeprefix('whatsapp:')}"
        self._http = TwilioHttp(transport)
        self._client = Client(account.sid, account.token, http_client=self._http)
        if account.base_url:
            self._client.api.base_url = account.base_url
            self._client.content.base_url = account.base_url
            self._client.messaging.base_url = account.base_url
        self._callback = {"status_callback": account.status_url} if account.status_url else {}
        self._contents = Contents(self._client, sids)

    def fit(self, messages: Sequence[Message], language: str) -> list[Sending]:
        """See `rendering.fit_whatsapp`."""
        return fit_whatsapp(messages, language, self._prompts(language), self._static_titles)

    async def send(self, address: str, sending: Sending) -> Sent:
        """Send with buttons if there are, numbered if they fail; raise `SendError` when refused."""
        is_template = sending.choices or sending.kind == "knock"
        if is_template and (sent := await self._send_tappable(address, sending)):
            return sent
        bare = sending.without_buttons()
        return Sent(await self._create(address, body=bare.text), bare.text, ())

    async def find_sent(self, address: str, sending: Sending, since: datetime) -> Sent | None:
        """Look among the last messages to her for this one, created at `since` or later.

        Not asked of Twilio by date: a message that still waits there has no date of sending.
        """
        recent = await _ask(
            self._client.messages.list_async(to=address, from_=self._sender, limit=LOOK_BACK)
        )
        bare = sending.without_buttons()
        bodies = {_words(sending.text): sending.choices, _words(bare.text): ()}
        for message in recent:
            is_new = message.date_created and message.date_created >= since - CLOCK_SLACK
            choices = bodies.get(_words(message.body or ""))
            if is_new and choices is not None and STATUSES.get(str(message.status)) != "failed":
                return Sent(message.sid, message.body, choices)
        return None

    async def delete(self, address: str, ref: str) -> bool:
        """Delete Twilio's record, hers or ours; False when there is none. WhatsApp keeps its own.

        Raises `SendError` (retryable) while the message is still on its way.
        """
        try:
            return bool(await _ask(self._client.messages(ref).delete_async()))
        except SendError as error:
            if error.code in {"404", "20404"}:
                return False
            raise

    async def leftovers(self, before: datetime, limit: int = 1_000) -> list[str]:
        """References of messages, both ways, that Twilio still keeps from before a day."""
        messages = self._client.messages
        ours = await _ask(
            messages.list_async(from_=self._sender, date_sent_before=before, limit=limit)
        )
        hers = await _ask(
            messages.list_async(to=self._sender, date_sent_before=before, limit=limit)
        )
        return [message.sid for message in (*ours, *hers)]

    async def received(self, since: datetime, limit: int = 1_000) -> list[Inbound]:
        """Messages Twilio took at `since` or later, oldest first, for when a webhook was missed.

        Twilio filters by day, we by the moment.

        The list tells neither a tapped choice from its title nor a place or the kind of a file.
        """
        listed = await _ask(
            self._client.messages.list_async(to=self._sender, date_sent_after=since, limit=limit)
        )
        recent = [one for one in listed if one.date_created and one.date_created >= since]
        return [inbound for each in reversed(recent) if (inbound := _read_listed(each))]

    async def point(self, inbound_url: str, status_url: str) -> bool:
        """Have Twilio post messages and statuses there.

        False when the sender is none of the account's own, as the sandbox: its addresses are set
        by hand (twilio.com/docs/whatsapp/api/senders).
        """
        senders = self._client.messaging.v2.channels_senders
        owned = await _ask(senders.list_async(channel="whatsapp"))
        mine = next((one for one in owned if one.sender_id == self._sender), None)
        if mine is None:
            return False
        webhook = {
            "callback_url": inbound_url,
            "callback_method": "POST",
            "status_callback_url": status_url,
            "status_callback_method": "POST",
        }
        update = ChannelsSenderList.MessagingV2ChannelsSenderRequestsUpdate({"webhook": webhook})
        await _ask(mine.update_async(update))
        return True

    async def submit(self, text: str, language: str) -> str:
        """Have a fixed text approved, so that it may go out after the 24 hours; where it stands."""
        return await _ask(self._contents.submit(fixed(text, language)))

    async def close(self) -> None:
        """Close the connection pool."""
        await self._http.close()

    async def _send_tappable(self, address: str, sending: Sending) -> Sent | None:
        """Send as a content resource; None when the resource is at fault and nothing was sent."""
        wanted = template(sending)
        try:
            sid = await self._contents.sid(wanted)
        except (TwilioException, httpx.HTTPError, ValueError, KuskaError) as error:
            _LOG.warning("no content resource: %s", _refusal(error).code)
            return None
        filled = {"content_variables": json.dumps(wanted.variables, ensure_ascii=False)}
        try:
            ref = await self._create(
                address, content_sid=sid, **(filled if wanted.variables else {})
            )
        except SendError as error:
            if error.code not in CONTENT:
                raise
            _LOG.warning("content resource refused: %s", error.code)
            if error.code in GONE:
                await self._renew(wanted)
            return None
        return Sent(ref, sending.text, sending.choices)

    async def _renew(self, wanted: Template) -> None:
        try:
            await self._contents.renew(wanted)
        except (TwilioException, httpx.HTTPError, ValueError, KuskaError) as error:
            _LOG.warning("no content resource: %s", _refusal(error).code)

    async def _create(self, address: str, **what: str) -> str:
        message = await _ask(
            self._client.messages.create_async(
                to=address, from_=self._sender, **self._callback, **what
            )
        )
        return str(message.sid)


async def _ask(call: Awaitable[_Answer]) -> _Answer:
    try:
        return await call
    except (TwilioException, httpx.HTTPError, ValueError) as error:
        # `from None`: the chain would carry the address of the request, and in it her number.
        raise _refusal(error) from None


def _refusal(error: Exception) -> SendError:
    answer = error.args[1] if len(error.args) > 1 else None
    if isinstance(answer, Response):  # of a refused list the library passes on the answer alone
        error = Version.exception("GET", "", answer, "refused")
    if isinstance(error, TwilioRestException | TwilioServiceException):
        code, status = str(error.code), int(error.status)
        is_retryable, retry_after = meaning(code, status)
        return SendError(
            code, retryable=is_retryable, retry_after=retry_after, maybe_sent=status >= 500
        )
    if isinstance(error, httpx.HTTPError):
        return SendError("network", retryable=True, maybe_sent=may_have_arrived(error))
    return SendError("answer", retryable=True, maybe_sent=True)


def _words(text: str) -> str:
    """A text without its layout, in which Twilio's copy may differ."""
    return " ".join(text.split())


def _read_listed(message: Any) -> Inbound | None:
    address, sid = str(message.from_), str(message.sid)
    if not address.startswith("whatsapp:"):
        return None
    if str(message.num_media or "0") != "0":
        return Inbound("whatsapp", address, sid, media="document", message_ref=sid)
    text = clean(message.body or "")
    return Inbound("whatsapp", address, sid, text=text, message_ref=sid) if text else None
