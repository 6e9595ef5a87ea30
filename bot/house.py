"""What both doors of a conversation need, put together once: by `server`, or in memory by
`bot.rehearsal`."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from bot.channels.rendering import Prompts
from bot.engine.definition import Flows
from bot.engine.intents import Understanding, understand
from bot.engine.loader import load
from bot.engine.turn import Engine
from bot.engine.world import Duty
from bot.store import Store
from bot.translation import SOURCE, Catalogues
from bot.vault import Vault
from directory import complaints, places, seeding
from directory.reading import version
from directory.search import Directory

REASONS = ("team", "case", "console")
"""Files that say what a `HandoffRefused` names."""
TAG_BYTES = 4
"""Of the session's tag in choice ids: enough that an old one is never met again by chance."""


@dataclass(slots=True)
class House:
    """Engine, catalogues, vault, directory, the clock and who is on duty.

    `language` is what a newcomer is spoken to in. `directory` is replaced as a whole when an edit
    was published (`refresh`); a turn in progress keeps the one it began with.
    """

    engine: Engine
    vault: Vault
    catalogues: Catalogues
    directory: Directory
    clock: Callable[[], datetime]
    duty: Callable[[Connection, datetime], Duty]
    language: str = "es"
    directory_is_up: bool = True
    new_tag: Callable[[], str] = field(default=lambda: secrets.token_hex(TAG_BYTES))

    @property
    def flows(self) -> Flows:
        """What is said."""
        return self.engine.flows

    def refresh(self, store: Store) -> bool:
        """Take over a newer edition of the directory; whether there was one."""
        with store.read() as connection, Session(connection) as session:
            if version(session) == self.directory.version:
                return False
            self.directory = Directory.of(session).troubled(self.directory.troubles)
        return True

    def hear_complaints(self, store: Store) -> None:
        """Take over what people say of services: it orders the next search (SAFETY 34)."""
        with store.read() as connection:
            troubles = complaints.troubles(connection, self.clock().date())
        if troubles != self.directory.troubles:
            self.directory = self.directory.troubled(troubles)

    def phrase(self, language: str, key: str) -> str:
        """A phrase of the flows in a language."""
        return self.catalogues.translate(language, key, self.flows.phrases[key])

    def reason(self, language: str, word: str) -> str:
        """Why a counselor cannot do something, whichever file of the console's has the words."""
        keys = (f"{flow}.{word}" for flow in REASONS)
        return self.phrase(language, next(key for key in keys if key in self.flows.phrases))

    def prompts(self, language: str) -> Prompts:
        """The two phrases a channel adds around choices."""
        return Prompts(
            answer_with_number=self.phrase(language, "interrupts.answer_with_number"),
            choose=self.phrase(language, "interrupts.choose"),
        )

    def words(self, language: str) -> dict[str, str]:
        """The labels of the web page in a language."""
        return {
            key.removeprefix("web."): self.catalogues.translate(language, key, text)
            for key, text in self.flows.phrases.items()
            if key.startswith("web.")
        }

    def static_titles(self) -> frozenset[str]:
        """Every title that flows may put on a button, in every language."""
        return _titles(self.engine, self.catalogues)


@dataclass(frozen=True, slots=True)
class Content:
    """What is said, in every language; nothing of it changes while the service runs."""

    engine: Engine
    catalogues: Catalogues

    @classmethod
    def load(cls, root: Path) -> Content:
        """Raise `ContentError` when any of it is wrong: the start is refused."""
        hear("hola", None, None)  # reads words and weights now, not when she cries for help
        return cls(Engine(load(root / "flows")), Catalogues.load(root / "locales"))

    def said(self, key: str) -> dict[str, str]:
        """A phrase in every language that has its own words for it."""
        text, translate = self.engine.flows.phrases[key], self.catalogues.translate
        found = {each: translate(each, key, text) for each in self.catalogues.languages}
        return {each: one for each, one in found.items() if one != text or each == SOURCE}


def open_directory(store: Store) -> Directory:
    """Load the directory's seed where it changed, and index what is in force."""
    store.worker.submit(_load_seed).result()
    with store.read() as connection, Session(connection) as session:
        return Directory.of(session)


def hear(
    text: str, language: str | None, state: str | None, *, explain: bool = False
) -> Understanding:
    """Understanding with the places of Peru at hand."""
    return understand(text, language=language, state=state, find_places=_codes, explain=explain)


def _codes(text: str) -> list[str]:
    return [place.ubigeo for place in places.find(text)]


def _load_seed(connection: Connection) -> None:
    with Session(connection, join_transaction_mode="create_savepoint") as session:
        seeding.load(session)
        session.commit()


@lru_cache(maxsize=1)
def _titles(engine: Engine, catalogues: Catalogues) -> frozenset[str]:
    flows = engine.flows
    titles = [
        (flows.choice_context(name, key), choice.title)
        for name in flows.states
        for key, choice in flows.choices(name).items()
    ]
    return frozenset(
        catalogues.translate(language, context, title)
        for language in catalogues.languages
        for context, title in titles
    )
