"""Whether a service answered her, counted without her: one report per contact and service counts
in 30 days (SAFETY 34).

What keeps a second one from counting is a mark under her own key, which says neither who she is nor
which service it was, and goes with her.
"""

from __future__ import annotations

from datetime import date, timedelta

from sqlalchemy import Connection, delete
from sqlalchemy.dialects import postgresql, sqlite

from bot.models import ReportMark
from bot.vault import Vault
from directory import complaints

COUNTS_AGAIN = timedelta(days=30)


def take(
    connection: Connection, vault: Vault, contact_id: int, service_id: str, kind: str, day: date
) -> bool:
    """Count what she says of a service; False when she said something of it lately."""
    if kind != "not_tried":  # that can still become an answer
        connection.execute(delete(ReportMark).where(ReportMark.day <= day - COUNTS_AGAIN))
        dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
        owner, mark = vault.marks(contact_id, "report", service_id)
        once = dialect.insert(ReportMark).values(owner=owner, mark=mark, day=day)
        kept = connection.scalar(once.on_conflict_do_nothing().returning(ReportMark.mark))
        if kept is None:
            return False
    complaints.count(connection, service_id, kind, day)
    return True


def forget(connection: Connection, vault: Vault, contact_id: int) -> None:
    """Remove her marks, before her key is destroyed. Raise `NoSuchContact` when it is gone."""
    owner, _ = vault.marks(contact_id, "report", "")
    connection.execute(delete(ReportMark).where(ReportMark.owner == owner))


def let_go(connection: Connection, today: date) -> None:
    """Remove marks that no longer keep anything from counting, and counts of a year ago."""
    connection.execute(delete(ReportMark).where(ReportMark.day <= today - COUNTS_AGAIN))
    complaints.let_go(connection, today)
