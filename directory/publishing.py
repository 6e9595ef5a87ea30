"""A service as fields, as it is in force now, and fields put in force: tables in, tables out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime

from sqlalchemy import Connection, insert, select, update
from sqlalchemy.orm import Session

from directory import spreadsheet, writing
from directory.errors import EditRefused
from directory.listing import Listing
from directory.models import Edition, Schedule, Service
from directory.reading import read
from directory.soundness import row_of

SHUT = "off"
"""The opening hours of a service while it is closed for the time being."""


def current(connection: Connection, service_id: str, *, to_change: bool = False) -> dict[str, str]:
    """Every field of a service as it is now; raises EditRefused when there is none in force.

    Two who come `to_change` one service take turns.
    """
    wanted = select(Service.superseded_by, Service.note).where(Service.id == service_id)
    stored = connection.execute(wanted.with_for_update() if to_change else wanted).one_or_none()
    if stored is None:
        raise EditRefused({"id": f"No hay ningún servicio con el código {service_id}."})
    if stored.superseded_by:
        raise EditRefused({"id": f"Esta ficha es antigua: vale {stored.superseded_by}."})
    with Session(connection) as session:
        (listing,) = read(session, only=service_id).listings
    return fields_of(listing, stored.note or "")


def fields_of(listing: Listing, note: str) -> dict[str, str]:
    """A listing as fields: its row of the spreadsheet, and the note that is not in there."""
    return {**spreadsheet.row(listing), "note": note}


def put_in_force(
    connection: Connection, service_id: str, said: Mapping[str, str], now: datetime
) -> None:
    """Write a service as `said` has it, over all its tables; the next search reads it."""
    row = row_of(service_id, said)
    # In a savepoint of its own: beside other work a closed session would undo what it did.
    with Session(connection, join_transaction_mode="create_savepoint") as session:
        organizations = writing.organizations(session, {row.organization})
        columns = {
            **writing.facts(row, organizations),
            "status": said["status"],
            "alert": said["alert"] or None,
            "confirmed_at": _day(said["confirmed_at"]),
            "edited_at": now.astimezone(UTC),
        }
        known = update(Service).where(Service.id == service_id).values(columns)
        if session.connection().execute(known).rowcount == 0:
            session.execute(insert(Service), [columns])
        writing.forget(session, {service_id})
        writing.write(session, [row])
        if until := _day(said["closed_until"]):
            shut = {"service_id": service_id, "opening_hours": SHUT, "valid_to": until}
            session.execute(insert(Schedule), [shut])
        session.execute(update(Edition).values(version=Edition.version + 1))
        session.commit()


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None
