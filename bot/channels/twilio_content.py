"""Buttons, lists and the knock on WhatsApp: one content resource a set of titles, language, layout.

Twilio refuses a line feed inside a variable (error 21656), so each line of the text is a variable
of its own and the resource holds the layout. The ids of the choices are variables too, because
they carry the session. What Twilio keeps is therefore titles of the flows and nothing else.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
from dataclasses import dataclass
from typing import Any, Protocol

from twilio.rest import Client
from twilio.rest.content.v1.content import ContentList
from twilio.rest.content.v1.content.approval_create import ApprovalCreateList

from bot.channels.base import Sending

NAME = "kuska-"
"""Friendly names begin so; the rest is the hash by which a resource is found again."""


class ContentSids(Protocol):
    """Where the SID of a content resource is remembered, by the hash of what it shows."""

    async def get(self, key: str) -> str | None: ...

    async def put(self, key: str, sid: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Template:
    """What Twilio keeps (`language`, `types`, `samples`) and what one message fills in."""

    language: str
    types: dict[str, Any]
    variables: dict[str, str]

    @property
    def key(self) -> str:
        """Hash of what is kept: the same titles, language and layout give the same key."""
        kept = json.dumps([self.language, self.types], sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(kept.encode()).hexdigest()[:32]


TAGS = {"pt": "pt_BR", "ht": "fr", "qu": "es"}
"""WhatsApp approves texts under a language of its own list, which lacks Creole and Quechua: they
stand under the one that is nearest."""


def fixed(text: str, language: str) -> Template:
    """A text that never changes: WhatsApp can approve it, to be sent after the 24 hours too."""
    return Template(TAGS.get(language, language), {"twilio/text": {"body": text}}, {})


def template(sending: Sending) -> Template:
    """Lay out a sending that has buttons or a list; a knock is a fixed text."""
    if sending.kind == "knock":
        return fixed(sending.text, sending.language)
    values: list[str] = []

    def variable(value: str) -> str:
        values.append(value)
        return f"{{{{{len(values)}}}}}"

    lines = (_line(line) for line in sending.text.split("\n"))
    body = "\n".join(variable(line) if line else "" for line in lines)
    if sending.shape == "buttons":
        actions = [
            {"type": "QUICK_REPLY", "title": choice.title, "id": variable(choice.id)}
            for choice in sending.choices
        ]
        types: dict[str, Any] = {"twilio/quick-reply": {"body": body, "actions": actions}}
    else:
        items = [{"item": choice.title, "id": variable(choice.id)} for choice in sending.choices]
        types = {
            "twilio/list-picker": {"body": body, "button": sending.list_button, "items": items}
        }
    variables = {str(place): value for place, value in enumerate(values, start=1)}
    return Template(sending.language, types, variables)


class Contents:
    """Content resources of the account: remembered, else found by name, else made."""

    def __init__(self, client: Client, sids: ContentSids) -> None:
        self._client = client
        self._sids = sids
        self._found: dict[str, str] | None = None
        self._lock = asyncio.Lock()

    async def sid(self, wanted: Template) -> str:
        """The SID for a template; raises what the Twilio client raises."""
        if sid := await self._sids.get(wanted.key):
            return sid
        async with self._lock:  # two first messages at once make one resource
            if sid := await self._sids.get(wanted.key):
                return sid
            if self._found is None:
                self._found = await self._find()
            sid = self._found.get(wanted.key) or await self._make(wanted)
            await self._sids.put(wanted.key, sid)
            return sid

    async def submit(self, wanted: Template) -> str:
        """Ask WhatsApp to approve a fixed text; what it said of it so far (`approved`, …)."""
        resource = self._client.content.v1.contents(await self.sid(wanted))
        found = (await resource.approval_fetch().fetch_async()).whatsapp or {}
        status = str(found.get("status") or "unsubmitted")
        if status != "unsubmitted":
            return status
        request = ApprovalCreateList.ContentApprovalRequest(
            {"name": f"kuska_{wanted.key}", "category": "UTILITY"}
        )
        return str((await resource.approval_create.create_async(request)).status)

    async def renew(self, wanted: Template) -> None:
        """Make a resource again that was deleted at Twilio."""
        async with self._lock:
            await self._sids.put(wanted.key, await self._make(wanted))

    async def _find(self) -> dict[str, str]:
        resources = await self._client.content.v1.contents.stream_async(page_size=500)
        return {
            resource.friendly_name.removeprefix(NAME): resource.sid
            async for resource in resources
            if resource.friendly_name and resource.friendly_name.startswith(NAME)
        }

    async def _make(self, wanted: Template) -> str:
        request = ContentList.ContentCreateRequest(
            {
                "friendly_name": NAME + wanted.key,
                "language": wanted.language,
                "types": wanted.types,
                # Samples, which Twilio asks for: never what a person is being told.
                "variables": dict.fromkeys(wanted.variables, "…"),
            }
        )
        made = await self._client.content.v1.contents.create_async(request)
        return str(made.sid)


def _line(line: str) -> str:
    """What a variable may hold: no tabs, no more than four spaces in a row."""
    return re.sub(r" {4,}", " ", line.replace("\t", " ")).strip()
