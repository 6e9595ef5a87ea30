"""The composition root: settings, store, channels, engine, routers. Nothing else."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import PlainTextResponse, RedirectResponse
from starlette.routing import Route

from bot import chores, console, counseling, duty, health, providers, retention, staffing, webhooks
from bot.audit import Ledger
from bot.calling import Caller, Way, by_chat, by_mail
from bot.channels import webchat
from bot.channels.base import Channel
from bot.channels.telegram import Telegram
from bot.channels.whatsapp import WhatsApp
from bot.content_sids import StoredSids
from bot.delivery import Delivery
from bot.errors import SettingsError
from bot.house import Content, House, open_directory
from bot.mailing import Mailer
from bot.masters import Masters
from bot.pings import Pings
from bot.reception import Reception
from bot.settings import LOCAL_URL, Settings
from bot.signin import Porter
from bot.staff import Roster
from bot.store import Store
from bot.vault import Vault
from directory import api, confirming, links, web
from directory.links import Signer

ROOT = Path(__file__).parent
LIMA = ZoneInfo("America/Lima")
SHUTDOWN_SECONDS = 3


def create_app(settings: Settings) -> FastAPI:
    """Everything put together; what runs beside the requests starts with the app."""
    vault = Vault(settings.keys_url, lambda: settings.derive("vault"))
    store = Store(settings.database_url, prepare=vault.stock)
    store.upgrade()
    content = Content.load(ROOT)
    house = House(content.engine, vault, content.catalogues, open_directory(store), _now, duty.duty)
    retention.drop_orphans(store, vault, house.clock())
    streams = webchat.Streams()
    channels = _channels(settings, house, store, streams)
    room = _console(settings, house, store, _ways(settings, channels))
    reception = Reception(house, store, channels, streams, room.pings)
    telegram, whatsapp = channels.get("telegram"), channels.get("whatsapp")

    tasks: list[asyncio.Future[None]] = []

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        knock = partial(counseling.knock, house)
        delivery = Delivery(store, vault, channels, house.clock, knock)
        work = [delivery.run(), *chores.all_of(house, store, settings.retention)]
        if room.ways:
            link = f"{settings.public_url}/console"
            work.append(chores.calling(Caller(house, store, room.pings, room.ways, link)))
        if isinstance(telegram, Telegram) and settings.telegram_mode == "polling":
            work.append(chores.fetch_telegram(telegram, reception))
        if isinstance(whatsapp, WhatsApp):
            work.append(chores.fetch_missed(whatsapp, reception))
        tasks.extend(chores.begin(one) for one in work)
        yield
        streams.close_all()
        room.live.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.gather(*(channel.close() for channel in channels.values()))
        store.close()
        vault.close()

    app = FastAPI(lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    app.router.redirect_slashes = False  # Starlette's own name whatever host the request does
    for page in ("/console", "/directory"):
        app.router.routes.append(Route(f"{page}/", RedirectResponse(page, 308)))
    app.include_router(
        health.router(house, store, reception, lambda: not any(task.done() for task in tasks))
    )
    app.include_router(
        webhooks.router(
            webhooks.Webhooks(
                reception.take_in,
                reception.take_status,
                settings.public_url,
                settings.telegram_secret,
                settings.twilio_token,
                telegram.answer if isinstance(telegram, Telegram) else None,
            )
        )
    )
    app.include_router(
        webchat.router(
            receive=reception.take_web,
            messages_after=reception.messages_after,
            words=house.words,
            emergency=reception.emergency,
            streams=streams,
            is_https=settings.public_url.startswith("https://"),
        )
    )
    app.include_router(console.router(room))
    signer = Signer(lambda: settings.derive("confirmation"))
    app.include_router(confirming.router(console.Counter(room), signer))
    app.include_router(api.router(lambda: house.directory, house.clock))
    app.include_router(web.router(console.EditorsDesk(room, partial(_confirmation, room, signer))))

    @app.exception_handler(404)
    async def not_here(_: Request, __: Exception) -> PlainTextResponse:
        return PlainTextResponse("No hay nada en esta dirección.", 404)

    @app.exception_handler(405)
    async def not_so(_: Request, error: Exception) -> PlainTextResponse:
        allowed = getattr(error, "headers", None)
        return PlainTextResponse("En esta dirección no se hace esto.", 405, headers=allowed)

    return app


def _all_run(tasks: Sequence[asyncio.Future[None]]) -> bool:
    return not any(task.done() for task in tasks)


def serve(host: str, port: int, workers: int) -> None:
    """Run the service until it is stopped. Raise `SettingsError` for what cannot work."""
    settings = Settings.from_environment(os.environ, ROOT)
    if workers > 1 and settings.database_url.startswith("sqlite"):
        raise SettingsError("--workers: SQLite has one writer; set KUSKA_DATABASE_URL for more")
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s %(message)s")
    link = staffing.first_link(settings, _console_url(settings, port), _now())
    print(_greeting(settings, host, port, link), flush=True)  # noqa: T201 - what `make run` shows
    uvicorn.run(
        "server:app_from_environment",
        factory=True,
        host=host,
        port=port,
        workers=workers,
        access_log=False,  # addresses of people are kept nowhere (SAFETY 25)
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
    )


def app_from_environment() -> FastAPI:
    """The app of each worker process. What it loads stays, so the garbage collector looks at none
    of it: neither now, which takes a fifth of the start, nor later."""
    gc.disable()
    app = create_app(Settings.from_environment(os.environ, ROOT))
    gc.freeze()
    gc.enable()
    return app


def _channels(
    settings: Settings, house: House, store: Store, streams: webchat.Streams
) -> Mapping[str, Channel]:
    channels: dict[str, Channel] = {"web": webchat.WebChannel(streams)}
    for channel in (
        providers.telegram(settings, house.prompts),
        providers.whatsapp(settings, house.prompts, StoredSids(store), house.static_titles()),
    ):
        if channel is not None:
            channels[channel.name] = channel
    return channels


def _ways(settings: Settings, channels: Mapping[str, Channel]) -> Mapping[str, Way]:
    """How counselors can be called."""
    ways: dict[str, Way] = {}
    if "telegram" in channels:
        ways["telegram"] = partial(by_chat, channels["telegram"])
    if settings.smtp_url:
        ways["mail"] = partial(by_mail, Mailer(settings.smtp_url))
    return ways


def _console(
    settings: Settings, house: House, store: Store, ways: Mapping[str, Way]
) -> console.Room:
    ledger = Ledger(lambda: settings.derive("audit"))
    masters = Masters(lambda: settings.derive("staff"))
    porter, roster = Porter(masters, ledger), Roster(masters, ledger)
    live = console.Live()
    store.worker.after_commit.append(live.ring)
    pings = Pings(masters, ledger, house.vault.index)
    return console.Room(
        house, store, porter, roster, pings, ways, ledger, live, settings.public_url
    )


def _confirmation(room: console.Room, signer: Signer, code: str) -> str:
    """A confirmation link of a service."""
    return f"{room.public_url}{links.PATH}/{signer.token(code, room.now())}"


def _now() -> datetime:
    return datetime.now(LIMA)


def _console_url(settings: Settings, port: int) -> str:
    """`localhost`, not 127.0.0.1, on this machine: security keys want a name."""
    is_local = settings.public_url == LOCAL_URL
    return f"http://localhost:{port}" if is_local else settings.public_url


def _greeting(settings: Settings, host: str, port: int, link: str | None) -> str:
    enrol = f"\n  Primera entrada  {link}\n                   (una vez, 30 minutos)" if link else ""
    return f"""
  Kuska

  Chat             http://{host}:{port}/
  Consola          {_console_url(settings, port)}/console{enrol}
  Directorio       {_console_url(settings, port)}/directory
  Probar           .venv/bin/kuska chat

  Telegram         {"conectado" if settings.telegram_token else "TELEGRAM_BOT_TOKEN=… make run"}
  WhatsApp         {"conectado" if settings.twilio_token else "README.md, «WhatsApp»"}
"""
