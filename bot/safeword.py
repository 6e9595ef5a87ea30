"""A word that counselor and person agreed on, so that somebody else at her telephone is noticed.

Only its mark is kept, under her key (SAFETY 22). Of her later messages the page says match or no
match, and the word itself is covered wherever it stands, in ours too.
"""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass

from sqlalchemy import Connection, select, update

from bot import handoffs
from bot.engine.folding import fold
from bot.engine.pocket import LONGEST as LONGEST
from bot.engine.pocket import MOST_WORDS, is_good
from bot.errors import HandoffRefused
from bot.house import House
from bot.models import Contact, Handoff
from bot.vault import Vault

SIGN = "safe_word"
COVER = "••••"
_WORD = re.compile(r"\w+")


def agree(
    house: House, connection: Connection, handoff_id: int, counselor_id: int, word: str
) -> None:
    """Keep the mark of the word, in place of an older one. `HandoffRefused` for a word that is said
    in any talk, that is a command, or her pocket word."""
    handoffs.require_owner(connection, handoff_id, counselor_id)
    hers = connection.execute(
        select(Contact.id, Contact.pocket_mark)
        .join(Handoff, Handoff.contact_id == Contact.id)
        .where(Handoff.id == handoff_id)
    ).one_or_none()
    if hers is None:
        raise HandoffRefused("case_gone")
    pocket = house.vault.word_mark(hers.id, fold(word))
    is_pocket = hers.pocket_mark is not None and hmac.compare_digest(hers.pocket_mark, pocket)
    if is_pocket or not is_good(word):
        raise HandoffRefused("bad_safe_word")
    mark = _mark(house.vault, hers.id, word)
    connection.execute(update(Handoff).where(Handoff.id == handoff_id).values(safe_word_mark=mark))
    handoffs.alert(connection, handoff_id, SIGN, house.clock(), by_id=counselor_id)


@dataclass(frozen=True, slots=True)
class Ear:
    """Hears the word of one case; without a mark it hears nothing."""

    vault: Vault
    contact_id: int
    mark: bytes | None

    def cover(self, text: str) -> tuple[str, bool]:
        """The text with the word covered, and whether it was there."""
        if self.mark is None:
            return text, False
        spans = [match.span() for match in _WORD.finditer(text)]
        covered, at, first = "", 0, 0
        while first < len(spans):
            last = self._heard_from(text, spans, first)
            if last is not None:
                covered += text[at : spans[first][0]] + COVER
                at, first = spans[last][1], last
            first += 1
        return covered + text[at:], at > 0

    def _heard_from(self, text: str, spans: list[tuple[int, int]], first: int) -> int | None:
        for last in range(first, min(first + MOST_WORDS, len(spans))):
            heard = _mark(self.vault, self.contact_id, text[spans[first][0] : spans[last][1]])
            if self.mark is not None and hmac.compare_digest(heard, self.mark):
                return last
        return None


def _mark(vault: Vault, contact_id: int, word: str) -> bytes:
    # Named, so that it differs from the mark of the same word as a pocket word.
    return vault.word_mark(contact_id, f"safe word:{fold(word)}")
