"""The SIDs of Twilio's content resources, remembered by the hash of what they show."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, delete, insert, select

from bot.models import ContentSid
from bot.store import Store


@dataclass(frozen=True, slots=True)
class StoredSids:
    """Holds `twilio_content.ContentSids` over the store."""

    store: Store

    async def get(self, key: str) -> str | None:
        """The SID of a resource that was made before."""
        with self.store.read() as connection:
            return connection.scalar(select(ContentSid.sid).where(ContentSid.hash == key))

    async def put(self, key: str, sid: str) -> None:
        """Remember it; a resource that was made again replaces the old one."""

        def keep(connection: Connection) -> None:
            connection.execute(delete(ContentSid).where(ContentSid.hash == key))
            connection.execute(insert(ContentSid).values(hash=key, sid=sid))

        await self.store.worker.run(keep)
