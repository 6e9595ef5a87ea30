"""A service that is new: its code, and what it says when nobody says otherwise."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date

from sqlalchemy import Connection, select

from directory.errors import EditRefused
from directory.fields import FIELDS, PLACE_NAMES, read
from directory.models import Proposal, Service
from directory.soundness import refuse_line
from directory.spelling import fold


def blank(
    connection: Connection, fields: Mapping[str, str], today: date
) -> tuple[dict[str, str], dict[str, str]]:
    """An empty service with its code, and what shall be said of it, every field."""
    code = fields.get("id", "").strip() or _new_code(connection, fields)
    refuse_line(code)
    read("id", code, today)
    refuse_taken(connection, code)
    said = {name: text for name, text in fields.items() if text.strip() and name != "id"}
    return {**dict.fromkeys(FIELDS, ""), "id": code}, {**usual(fields, today), **said}


def usual(fields: Mapping[str, str], today: date) -> dict[str, str]:
    """What a new service says when nobody says otherwise: every field but code and place names."""
    return {
        **{name: "" for name in FIELDS if name != "id" and name not in PLACE_NAMES},
        "audience": "todas",
        "languages": "es",
        "source": fields.get("organization", ""),
        "source_date": today.isoformat(),
    }


def refuse_taken(connection: Connection, code: str, besides: int | None = None) -> None:
    """Raise EditRefused for a code that a service has, or that waits for one."""
    if _is_taken(connection, code, besides):
        raise EditRefused({"id": f"Ya hay un servicio con el código {code}."})


def _is_taken(connection: Connection, code: str, besides: int | None = None) -> bool:
    taken = select(Service.id).where(Service.id == code)
    promised = select(Proposal.id).where(
        Proposal.service_id == code,
        Proposal.is_new,
        Proposal.state == "proposed",
        Proposal.id != (besides or 0),
    )
    return bool(connection.scalar(taken) or connection.scalar(promised))


def _new_code(connection: Connection, fields: Mapping[str, str]) -> str:
    plain = re.sub(r"[^A-Z0-9]+", "-", fold(fields.get("name", "")).upper()).strip("-")
    stem, number = f"ED-{plain[:40].strip('-') or 'SERVICIO'}", 1
    while True:
        code = stem if number == 1 else f"{stem}-{number}"
        if not _is_taken(connection, code):
            return code
        number += 1
