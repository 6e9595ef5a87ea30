"""What `kuska check` proves of the words: length, neutral beginnings, words we do not use, numbers.

Sources: glossary §8 (word patterns), SAFETY 9 (neutral beginnings), routes §8 B03 (lengths), the
limits of Telegram (text 4,096 characters, callback data 64 bytes) and WhatsApp (body 1,600, 1,024
with buttons; 3 buttons of 20 characters, lists of 10 items of 24).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from bot.engine.definition import Flows, State
from bot.engine.folding import fold
from bot.engine.proofs import texts

WORDS_A_MESSAGE, WORDS_A_SENTENCE = 60, 20
NEUTRAL_START = 60
BODY_WITH_BUTTONS, CALLBACK_BYTES, TAG_BYTES = 1024, 64, 8
BUTTONS, BUTTON_TITLE, LIST_ITEMS, LIST_TITLE = 3, 20, 10, 24

AVOIDED = tuple(
    re.compile(pattern)
    for pattern in (
        r"\b(prostitut\w*|puta\w*|meretri\w*|ramera\w*|ilegal(es)?|venec[oa]s?|sidos[oa]s?)\b",
        r"\b(trava\w*|maricon\w*|loca|histeric\w*|drogadict\w*|sordomud\w*)\b",
        r"\b(eres|fuiste) (una )?victima\b",
        r"\bpor que (no te fuiste|no denunciaste|trabajas)\b",
        r"\b(deberias|tienes que) (dejar|denunciar)\b",
        r"\b(perdonal[oa]|habla con el|concili\w+|te prometo|todo se va a arreglar)\b",
        r"\b(nombre (real|completo|verdadero|legal)|tu dni|numero de documento)\b",
        r"\banonim[oa]s?\b",
    )
)
"""Glossary §8, on text without accents; and "anonymous", which we never say of ourselves."""

SENSITIVE = re.compile(
    r"\b(trabajo sexual|trabajadora? sexual|trata|explotacion|violencia|violacion|violar\w*|policia"
    r"|comisaria|vih|its|sida|condon|aborto|embaraz\w*|extorsion|cupo|migra\w*|refugi\w*|fiscalia"
    r"|denuncia\w*|victima\w*|agresor\w*|prostit\w*|sexo|sexual\w*|suicid\w*|morir|matar\w*)\b"
)
"""Words that a lock screen may not show (SAFETY 1, 9)."""

VERBATIM = (
    "Si hablas con una persona del equipo y tienes menos de 18, ella sí tiene que avisar a quien "
    "protege a niñas, niños y adolescentes.",
)
"""Sentences that SAFETY 12 words itself; longer than ours."""

DIALLED = re.compile(r"(?<![\d.,/-])(?:0800[- ]?\d+|9\d{8}|\(?0?1\)? ?\d{3}-?\d{4}|\d{7,})(?!\d)")


def problems(flows: Flows, numbers: frozenset[str]) -> list[str]:
    """All that is wrong with the Spanish; `numbers` are the short numbers of the directory."""
    found: list[str] = []
    for name, state in flows.states.items():
        where = flows.where(name)
        found += [f"{where}: `{name}` {problem}" for problem in _state(flows, name, state, numbers)]
    for name, text in flows.phrases.items():
        where = flows.where(name)
        found += [f"{where}: phrase `{name}` {problem}" for problem in _wording(text, numbers)]
    return found


def _state(flows: Flows, name: str, state: State, numbers: frozenset[str]) -> Iterator[str]:
    for text in texts(state):
        yield from _wording(text, numbers)
    if state.kind != "danger":
        opening = next((one.text for one in state.say.values() if one.text), "")
        if hit := SENSITIVE.search(fold(opening[:NEUTRAL_START])):
            yield f"begins with `{hit.group()}`, which would show on a lock screen"
    together = "\n".join(one.text for one in state.say.values() if one.text)
    if len(together) > BODY_WITH_BUTTONS:
        yield f"says {len(together)} characters; WhatsApp takes {BODY_WITH_BUTTONS} with buttons"
    yield from _choices(flows, name, state)


def _choices(flows: Flows, name: str, state: State) -> Iterator[str]:
    shown = {key: one for key, one in flows.choices(name).items() if not one.hidden}
    longest = BUTTON_TITLE if len(shown) <= BUTTONS and not state.private else LIST_TITLE
    if len(shown) > LIST_ITEMS and not state.private:
        yield f"has {len(shown)} choices; a WhatsApp list holds {LIST_ITEMS}"
    for key, choice in shown.items():
        if len(choice.title) > longest:
            yield f"has the title `{choice.title}` of {len(choice.title)} characters; {longest} fit"
        if not state.private and SENSITIVE.search(fold(choice.title)):
            yield f"has the title `{choice.title}`, which would show on a screen: make it private"
        if len(f"{name}.{key}".encode()) + TAG_BYTES + 1 > CALLBACK_BYTES:
            yield f"has the choice `{key}`: with its state the id is over {CALLBACK_BYTES} bytes"


def _wording(text: str, numbers: frozenset[str]) -> Iterator[str]:
    plain = fold(text)
    for pattern in AVOIDED:
        if hit := pattern.search(plain):
            yield f"says `{hit.group()}`, a word we do not use (glossary §8)"
    if hit := DIALLED.search(text):
        yield f"holds the number `{hit.group()}`: numbers come from the directory"
    for token in re.findall(r"(?<![\d.,/\w-])\d{3,4}(?![\d.,/-]\d|\w)", text):
        if token in numbers:
            yield f"holds the number `{token}`: write {{line.…}} instead"
    if (count := len(text.split())) > WORDS_A_MESSAGE:
        yield f"has a text of {count} words; {WORDS_A_MESSAGE} at most"
    for exact in VERBATIM:
        text = text.replace(exact, "")
    for sentence in re.split(r"[.!?:]\s|\n", text):
        if (count := len(sentence.split())) > WORDS_A_SENTENCE:
            yield f"has a sentence of {count} words; {WORDS_A_SENTENCE} at most: «{sentence[:40]}…»"
