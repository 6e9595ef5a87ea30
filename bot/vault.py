"""Keys of contacts, apart from everything else: what is destroyed here nobody reads again.

One random key per contact, wrapped by a master key that is in no database; an index key, wrapped
likewise, makes blind indexes. They live in `keys.db` (schema `vault` on PostgreSQL), which is never
part of a backup. Keys are made ahead in stock, so that a newcomer's key is durable before her first
row and many newcomers cost one commit.
"""

from __future__ import annotations

import hmac
import secrets
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from itertools import islice
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    LargeBinary,
    MetaData,
    Table,
    bindparam,
    delete,
    func,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.schema import CreateSchema

from bot.database import MEMORY, is_sqlite, open_engine
from bot.errors import BrokenSeal, NoSuchContact, StoreUnavailable
from bot.masters import NONCE, Masters

STOCK = 64
"""Keys made at once; at least as many as a batch of turns has."""
STOCK_LIVES = 3600.0
"""Seconds a key in stock may be given out. `retention` removes keys that nobody took in a day."""
REMEMBERED = 5.0
"""Seconds a key stays in memory: another process may have destroyed it (SAFETY 7)."""

_METADATA = MetaData(schema="vault")
_KEYS = Table(
    "contact_key",
    _METADATA,
    Column("contact_id", BigInteger, primary_key=True, autoincrement=False),
    Column("wrapped", LargeBinary, nullable=False),
    Column("made_hour", BigInteger, nullable=False),
)
_INDEX = Table(
    "index_key",
    _METADATA,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("wrapped", LargeBinary, nullable=False),
)


_DESTROY = delete(_KEYS).where(_KEYS.c.contact_id == bindparam("gone"))


class _Key(NamedTuple):
    cipher: AESGCM
    word_key: bytes
    read_at: float


class Vault:
    """Seals, opens and destroys. Safe to use from several threads."""

    def __init__(self, url: str, masters: Callable[[], Sequence[bytes]]) -> None:
        """`masters()` gives 32-byte master keys, newest first; it is asked again for unknown ones.

        Raise `StoreUnavailable` when the keys cannot be read.
        """
        options = {"schema_translate_map": {"vault": None}} if is_sqlite(url) else {}
        self._engine = open_engine(url, "keys").execution_options(**options)
        self._guard: AbstractContextManager[object] = (
            threading.RLock() if url == MEMORY else nullcontext()
        )
        self._masters = Masters(masters)
        self._remembered: dict[int, _Key] = {}
        self._stock: list[int] = []
        self._stocked_at = 0.0
        self._stocking = threading.Lock()
        self._remembering = threading.Lock()
        self._prepare()
        self._index_key = self._read_index_key()

    # -- keys of contacts ---------------------------------------------------------------------

    def create(self, contact_ids: Iterable[int]) -> None:
        """Make a key for each, durable when this returns; one commit for all."""
        made_hour = int(time.time() // 3600)
        rows = [
            {
                "contact_id": contact_id,
                "wrapped": self._masters.wrap(secrets.token_bytes(32), _label(contact_id)),
                "made_hour": made_hour,
            }
            for contact_id in contact_ids
        ]
        with self._transaction() as connection:
            connection.execute(insert(_KEYS), rows)

    def stock(self, count: int) -> None:
        """Have at least `count` new contacts' keys ready; called before a batch of turns begins."""
        with self._stocking:
            if time.monotonic() - self._stocked_at > STOCK_LIVES:
                self._stock.clear()
            if len(self._stock) >= count:
                return
            fresh = [secrets.randbits(63) for _ in range(max(count, STOCK))]
            self.create(fresh)
            if not self._stock:
                self._stocked_at = time.monotonic()
            self._stock.extend(fresh)

    def take(self) -> int:
        """The id of a new contact, whose key is durable already. Ids are random 63-bit numbers."""
        while True:
            self.stock(1)
            with self._stocking:
                if self._stock:
                    return self._stock.pop()

    def has(self, contact_id: int) -> bool:
        """Whether the contact's key exists."""
        try:
            self._key(contact_id)
        except NoSuchContact:
            return False
        return True

    def destroy(self, contact_ids: Iterable[int]) -> None:
        """Forget the keys for good; done when this returns. An unknown one is already as wanted."""
        gone = list(contact_ids)
        if gone:
            with self._transaction() as connection:
                connection.execute(_DESTROY, [{"gone": contact_id} for contact_id in gone])
        for contact_id in gone:
            self._drop(contact_id)
        if self._engine.dialect.name == "postgresql":
            with self._engine.connect() as connection:
                connection.execution_options(isolation_level="AUTOCOMMIT")
                connection.execute(text("VACUUM vault.contact_key"))

    def known(self, made_before_hour: int | None = None) -> set[int]:
        """Contacts that have a key, those in stock too; with an hour since 1970, only older."""
        query = select(_KEYS.c.contact_id)
        if made_before_hour is not None:
            query = query.where(_KEYS.c.made_hour < made_before_hour)
        with self._transaction() as connection:
            return set(connection.scalars(query))

    def count(self) -> int:
        """How many keys are given out to contacts, as far as this process knows its stock."""
        with self._transaction() as connection:
            made = connection.scalar(select(func.count()).select_from(_KEYS)) or 0
        return made - len(self._stock)

    def forget(self) -> None:
        """Drop what is only in memory, as a restart does. Keys left in stock are removed."""
        with self._remembering:
            self._remembered.clear()
        with self._stocking:
            left, self._stock = self._stock, []
        if left:
            self.destroy(left)

    def rotate(self) -> int:
        """Wrap everything under the newest master key; return how many keys it was.

        Blind indexes stay, because the index key itself does not change.
        """
        newest = self._masters.learn()
        rewrapped = 0
        with self._transaction() as connection:
            for table, column in ((_KEYS, _KEYS.c.contact_id), (_INDEX, _INDEX.c.id)):
                for row_id, wrapped in connection.execute(select(column, table.c.wrapped)).all():
                    if wrapped[:4] == newest:
                        continue
                    label = _label(row_id) if table is _KEYS else b"index"
                    again = self._masters.wrap(self._masters.unwrap(wrapped, label), label)
                    connection.execute(update(table).where(column == row_id).values(wrapped=again))
                    rewrapped += 1
        return rewrapped

    def close(self) -> None:
        """Give back the connections and what was in stock."""
        self.forget()
        self._engine.dispose()

    # -- what is done with them ---------------------------------------------------------------

    def index(self, purpose: str, value: str) -> bytes:
        """A keyed blind index: the same 32 bytes for the same value, nothing without the key."""
        return hmac.digest(self._index_key, f"{purpose}\0{value}".encode(), "sha256")

    def seal(self, contact_id: int, table: str, row_id: int, plain: bytes) -> bytes:
        """Encrypt under the contact's key, bound to `table` (named `table.column`) and row.

        Raise `NoSuchContact` when her key is gone.
        """
        nonce = secrets.token_bytes(NONCE)
        bound = f"{table}:{row_id}:{contact_id}".encode()
        return nonce + self._key(contact_id).cipher.encrypt(nonce, plain, bound)

    def open(self, contact_id: int, table: str, row_id: int, sealed: bytes) -> bytes:
        """The inverse of `seal`.

        Raise `NoSuchContact` when the key is gone, `BrokenSeal` when the bytes were changed or
        belong to another row.
        """
        bound = f"{table}:{row_id}:{contact_id}".encode()
        cipher = self._key(contact_id).cipher
        try:
            return cipher.decrypt(sealed[:NONCE], sealed[NONCE:], bound)
        except InvalidTag:
            raise BrokenSeal(f"{table}: a sealed value does not belong to its row") from None

    def word_mark(self, contact_id: int, folded_word: str) -> bytes:
        """The mark of a pocket word, nothing without her key; compare with `compare_digest`."""
        return hmac.digest(self._key(contact_id).word_key, folded_word.encode(), "sha256")

    def marks(self, contact_id: int, purpose: str, value: str) -> tuple[bytes, bytes]:
        """Two marks under her key: one for all values of a purpose, one for this value."""
        key = self._key(contact_id).word_key
        owner = hmac.digest(key, f"\0{purpose}".encode(), "sha256")
        return owner, hmac.digest(owner, value.encode(), "sha256")

    # -- inside -------------------------------------------------------------------------------

    def _key(self, contact_id: int) -> _Key:
        now = time.monotonic()
        held = self._remembered.get(contact_id)
        if held is not None and now - held.read_at < REMEMBERED:
            return held
        self._drop(contact_id)
        with self._transaction() as connection:
            wrapped = connection.scalar(
                select(_KEYS.c.wrapped).where(_KEYS.c.contact_id == contact_id)
            )
        if wrapped is None:
            raise NoSuchContact("the contact's key is gone")
        key = self._masters.unwrap(wrapped, _label(contact_id))
        held = _Key(AESGCM(key), hmac.digest(key, b"pocket word", "sha256"), now)
        self._remember(contact_id, held)
        return held

    def _remember(self, contact_id: int, key: _Key) -> None:
        """Keep a key; those that were read too long ago stand first and leave."""
        with self._remembering:
            self._remembered[contact_id] = key
            for other, held in list(islice(self._remembered.items(), 2)):
                if key.read_at - held.read_at >= REMEMBERED:
                    del self._remembered[other]

    def _drop(self, contact_id: int) -> None:
        with self._remembering:
            self._remembered.pop(contact_id, None)

    def _prepare(self) -> None:
        with self._transaction() as connection:
            if self._engine.dialect.name == "postgresql":
                connection.execute(CreateSchema("vault", if_not_exists=True))
            _METADATA.create_all(connection)

    def _read_index_key(self) -> bytes:
        """The one index key, made at the very first start; of two first starts one wins."""
        dialect = postgresql if self._engine.dialect.name == "postgresql" else sqlite
        row = {"id": 1, "wrapped": self._masters.wrap(secrets.token_bytes(32), b"index")}
        with self._transaction() as connection:
            connection.execute(dialect.insert(_INDEX).values(row).on_conflict_do_nothing())
            wrapped = connection.execute(select(_INDEX.c.wrapped)).scalar_one()
        return self._masters.unwrap(wrapped, b"index")

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        try:
            with self._guard, self._engine.begin() as connection:
                yield connection
        except SQLAlchemyError as error:
            raise StoreUnavailable("the key store does not answer") from error


def _label(contact_id: int) -> bytes:
    return f"contact:{contact_id}".encode()
