"""What staff did, in a chain: each entry's digest covers the one before, so that a gap shows.

The digests are keyed: who can write to the database but has no secret key cannot mend the chain.
What was cut off at the end shows only beside a copy of the last digest (`tip`).
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy import Connection, insert, select, text

from bot.columns import new_id, to_ms
from bot.models import AuditEntry

LONGEST_SUBJECT, LONGEST_REASON = 80, 200
BEGINNING = b"kuska"
_LOCK = 4_815_162_342
"""PostgreSQL: two entries at once would both follow the same one."""


class Ledger:
    """Writes and proves the chain."""

    def __init__(self, keys: Callable[[], Sequence[bytes]]) -> None:
        """`keys()` gives the secret keys, newest first; older ones still prove older entries."""
        self._keys = keys

    def record(
        self,
        connection: Connection,
        staff_id: int | None,
        action: str,
        now: datetime,
        *,
        subject: str | None = None,
        reason: str | None = None,
    ) -> None:
        """One deed, in the transaction of the deed itself. Never a text of a conversation."""
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        last = connection.execute(
            select(AuditEntry.id, AuditEntry.digest).order_by(AuditEntry.id.desc()).limit(1)
        ).one_or_none()
        entry_id = max(new_id(), last.id + 1 if last else 0)
        previous = last.digest if last else BEGINNING
        subject, reason = _kept(subject, LONGEST_SUBJECT), _kept(reason, LONGEST_REASON)
        said = _say(entry_id, staff_id, action, subject, reason, to_ms(now))
        connection.execute(
            insert(AuditEntry).values(
                id=entry_id,
                staff_id=staff_id,
                action=action,
                subject=subject,
                reason=reason,
                done_at=now,
                previous=previous,
                digest=hmac.digest(self._keys()[0], previous + said, "sha256"),
            )
        )

    def broken_at(self, connection: Connection) -> int | None:
        """The first entry that was changed, or before which one is missing; None when all hold."""
        previous, keys = BEGINNING, self._keys()
        for row in connection.execute(select(AuditEntry).order_by(AuditEntry.id)):
            done = to_ms(row.done_at)
            said = _say(row.id, row.staff_id, row.action, row.subject, row.reason, done)
            proofs = (hmac.digest(key, previous + said, "sha256") for key in keys)
            holds = any(hmac.compare_digest(row.digest, proof) for proof in proofs)
            if row.previous != previous or not holds:
                return int(row.id)
            previous = row.digest
        return None

    def tip(self, connection: Connection) -> bytes:
        """The last digest: kept elsewhere, it shows whether the end was cut off."""
        last = select(AuditEntry.digest).order_by(AuditEntry.id.desc()).limit(1)
        return connection.scalar(last) or BEGINNING


def _kept(text: str | None, longest: int) -> str | None:
    """As every database takes it: an address that somebody made up must not break the record."""
    return None if text is None else text.replace("\0", "")[:longest]


def _say(*parts: object) -> bytes:
    return json.dumps(parts, ensure_ascii=False).encode()
