"""How often something went wrong on a day: a kind and a number, no text, nobody's."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql, sqlite

from bot.models import Incident


def count(connection: Connection, kind: str, now: datetime) -> None:
    """One more of `kind` today; no text, nobody's."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    once = dialect.insert(Incident).values(kind=kind, day=now.date(), times=1)
    connection.execute(
        once.on_conflict_do_update(
            index_elements=["kind", "day"], set_={"times": Incident.times + 1}
        )
    )
