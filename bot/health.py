"""`/healthz`, `/readyz`, `/metrics`: is it alive, is it ready, how much does it do."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest
from sqlalchemy import func, select

from bot.errors import KuskaError, StoreUnavailable
from bot.house import House
from bot.models import OutboxEntry
from bot.reception import Reception
from bot.store import Store

LOOPBACK = ("127.0.0.1", "::1")


def router(
    house: House, store: Store, reception: Reception, is_working: Callable[[], bool]
) -> APIRouter:
    """The three paths; metrics carry no topic and no risk and answer on loopback only. `is_working`
    says whether everything beside the requests still runs."""
    paths = APIRouter(include_in_schema=False)

    @paths.get("/healthz")
    async def alive() -> Response:
        return PlainTextResponse("ok")

    @paths.get("/readyz")
    def ready() -> Response:
        parts = {
            "database": store.is_ready(),
            "catalogues": bool(house.catalogues.languages),
            "work": is_working(),
        }
        try:
            parts["keys"] = house.vault.count() >= 0
        except KuskaError:
            parts["keys"] = False
        return JSONResponse(parts, 200 if all(parts.values()) else 503)

    @paths.get("/metrics")
    def metrics(request: Request) -> Response:
        host = request.client.host if request.client else ""
        if host not in LOOPBACK or "x-forwarded-for" in request.headers:
            return PlainTextResponse("No autorizado.", 403)
        return Response(_figures(store, reception), media_type=CONTENT_TYPE_LATEST)

    return paths


def _figures(store: Store, reception: Reception) -> bytes:
    registry = CollectorRegistry()
    turns = Gauge("kuska_turns", "Turns since the start", ["channel"], registry=registry)
    for channel, count in reception.turns.items():
        turns.labels(channel).set(count)
    waiting = Gauge("kuska_outbox", "Replies by status", ["status"], registry=registry)
    try:
        with store.read() as connection:
            rows = connection.execute(
                select(OutboxEntry.status, func.count()).group_by(OutboxEntry.status)
            )
            for status, count in rows:
                waiting.labels(status).set(count)
    except StoreUnavailable:
        waiting.labels("unknown").set(-1)
    down = Gauge("kuska_store_down_seconds", "How long nothing could be stored", registry=registry)
    down.set(store.down_for())
    return generate_latest(registry)
