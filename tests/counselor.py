"""Somebody of the staff for tests: enrols with a real link and code, and posts real forms."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx
from posting import PUBLIC_URL
from service import Service

from bot import onetime
from bot.audit import Ledger
from bot.masters import Masters
from bot.settings import Settings
from bot.staff import Roster
from bot.store import Store

PASSWORD = "el río baja despacio"
_FORM = re.compile(r'name="form" value="([0-9a-f]{64})"')
_SECRET = re.compile(r'<p class="secret"><code>([A-Z2-7 ]+)</code>')


def roster_of(settings: Settings) -> Roster:
    """Who changes the staff of a deployment, as `kuska staff` does."""
    ledger = Ledger(lambda: settings.derive("audit"))
    return Roster(Masters(lambda: settings.derive("staff")), ledger)


def link_for(store: Store, settings: Settings, name: str, role: str, now: datetime) -> str:
    """A new member's enrolment path."""
    roster = roster_of(settings)
    work = store.worker.submit(lambda connection: roster.add(connection, name, role, now))
    return f"/console/enroll/{work.result()}"


def secret_on(page: str) -> bytes:
    """The second factor that an enrolment page shows in letters."""
    import base64

    found = _SECRET.search(page)
    assert found is not None
    return base64.b32decode(found[1].replace(" ", ""))


def code_now(secret: bytes, now: datetime) -> str:
    """What the telephone shows at this moment."""
    return onetime.code_at(secret, int(now.timestamp()) // onetime.PERIOD)


@dataclass
class Counselor:
    """A browser of hers: cookies of its own, over the same app."""

    service: Service
    name: str
    client: httpx.AsyncClient
    secret: bytes = b""

    async def get(self, path: str = "/console") -> httpx.Response:
        """Open a page."""
        return await self.client.get(path)

    async def post(self, path: str, **fields: str) -> httpx.Response:
        """Send a form of the first page, with its token."""
        found = _FORM.search((await self.get()).text)
        data: dict[str, str] = {"form": found[1] if found else "", **fields}
        return await self.client.post(path, data=data)

    async def live(self, path: str, **fields: str) -> httpx.Response:
        """Send a form as our script does."""
        found = _FORM.search((await self.get()).text)
        data: dict[str, str] = {"form": found[1] if found else "", **fields}
        return await self.client.post(path, data=data, headers={"accept": "text/plain"})

    async def sign_in(self, password: str = PASSWORD, code: str | None = None) -> httpx.Response:
        """Come in with all three, at the service's moment."""
        typed = code or code_now(self.secret, self.service.clock())
        data = {"name": self.name, "password": password, "code": typed}
        return await self.client.post("/console/signin", data=data)

    async def presence(self, which: str) -> None:
        """Turn her switch."""
        assert (await self.post("/console/presence", presence=which)).status_code == 303


async def browser_of(service: Service) -> httpx.AsyncClient:
    """A browser that is not signed in, over the service's own app."""
    transport: Any = service.client._transport
    return httpx.AsyncClient(transport=transport, base_url=PUBLIC_URL)


async def hire(service: Service, name: str, role: str = "counselor") -> Counselor:
    """Add a member, open her link, enrol; she is signed in."""
    settings = Settings.from_environment({"KUSKA_PUBLIC_URL": PUBLIC_URL}, service.folder)
    roster, now = roster_of(settings), service.clock()
    token = await service.store.worker.run(
        lambda connection: roster.add(connection, name, role, now)
    )
    link = f"/console/enroll/{token}"
    client = await browser_of(service)
    secret = secret_on((await client.get(link)).text)
    code = code_now(secret, service.clock())
    answer = await client.post(link, data={"password": PASSWORD, "code": code})
    assert answer.status_code == 303, answer.text
    return Counselor(service, name, client, secret)
