"""How often a name may be tried in vain before it has to wait, twice as long each time.

Names that nobody has are paced alike, so that the wait tells nobody who works here. A browser in
which she has signed in before counts for itself: nobody keeps her out by guessing elsewhere.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, insert, select, update

from bot.errors import SigninRefused
from bot.masters import Masters
from bot.models import SigninPace

FREE_TRIES = 5
"""Failures in a row before a name has to wait."""
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=30), timedelta(minutes=15)
FORGET_TRIES = timedelta(days=1)


def mark(name: str) -> bytes:
    """What a name is counted under, whatever its capitals."""
    folded = " ".join(name.split()).casefold()
    return hashlib.sha256(b"sign in\0" + folded.encode(errors="replace")).digest()


def device(masters: Masters, name: str) -> str:
    """For the browser in which she came in: there, tries count apart from then on."""
    return masters.seal(secrets.token_bytes(16), _label(name))


def counted(masters: Masters, name: str, device: str) -> bytes:
    """Under what a try counts: the browser when she has come in there before, else the name."""
    known = masters.unseal(device, _label(name))
    return mark(name) if known is None else mark(known.hex())


def require(connection: Connection, name_hash: bytes, now: datetime) -> None:
    """Raise `SigninRefused` while the name has to wait."""
    waits = select(SigninPace.retry_at).where(SigninPace.name_hash == name_hash)
    retry_at = connection.scalar(waits)
    if retry_at is not None and retry_at > now:
        raise SigninRefused("too_often")


def slow_down(connection: Connection, name_hash: bytes, now: datetime) -> None:
    """One more try in vain."""
    mine = SigninPace.name_hash == name_hash
    failures = connection.scalar(select(SigninPace.failures).where(mine).with_for_update())
    count = (failures or 0) + 1
    late = min(FIRST_WAIT * 2 ** min(count - FREE_TRIES, 10), LONGEST_WAIT)
    retry_at = now + late if count >= FREE_TRIES else now
    if failures is None:
        connection.execute(
            insert(SigninPace).values(name_hash=name_hash, failures=count, retry_at=retry_at)
        )
        return
    connection.execute(update(SigninPace).where(mine).values(failures=count, retry_at=retry_at))


def forget(connection: Connection, name_hash: bytes) -> None:
    """She came in: what went before does not count."""
    connection.execute(delete(SigninPace).where(SigninPace.name_hash == name_hash))


def drop_over(connection: Connection, now: datetime) -> None:
    """Names that nobody tried for a day."""
    connection.execute(delete(SigninPace).where(SigninPace.retry_at <= now - FORGET_TRIES))


def _label(name: str) -> bytes:
    return b"device:" + mark(name)
