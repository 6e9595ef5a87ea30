"""Which words can be a pocket word (SAFETY 5)."""

from __future__ import annotations

from bot.engine.folding import fold
from bot.engine.intents import whole_command

SHORTEST, LONGEST = 4, 30
MOST_WORDS = 3
"""A sentence is no secret word: it asks for something."""
COMMON = frozenset(
    """hola gracias bueno buena buenas claro listo vale ayuda auxilio salir borrar menu amor mama
    casa nada todo bien aqui ahora manana donde como cuando porque quien para pero chau adios
    policia persona noche dias tardes trabajo dinero plata hijo hija numero telefono espanol
    english ingles help hello thanks yes stop""".split()
)
"""Words that a person says in any talk: saying one by chance would end the conversation."""


def is_good(text: str) -> bool:
    """Whether the folded text has 4 to 30 characters, is no sentence, no command and no very common
    word."""
    word = fold(text)
    return (
        SHORTEST <= len(word) <= LONGEST
        and len(word.split()) <= MOST_WORDS
        and word not in COMMON
        and not word.isdigit()
        and whole_command(text) is None
    )
