"""The order in which every state reads what she did (SAFETY 3).

1 pocket word, 2 a choice of the current prompt, 3 a command that is the whole message, 4 danger in
free text, 5 the state's own moves, 6 what else every state obeys. What passes none of it was not
understood.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from bot.engine import places, requests, signposts
from bot.engine.definition import Flows
from bot.engine.folding import fold
from bot.engine.intents import LIKELY, SURE, Understanding, match_choice, whole_command
from bot.engine.signposts import GRAVE
from bot.engine.spoken import is_place

if TYPE_CHECKING:
    from bot.engine.turn import Turn

SPOKEN = {"yes": "affirm", "no": "deny"}
"""Intents whose names YAML would read as truth values."""


def reading(turn: Turn) -> Iterator[str]:
    """The order in which every state reads a message (SAFETY 3); a flow may add, never replace."""
    event, memory = turn.event, turn.memory
    is_covered = turn.flows.states[turn.state].covered
    if event.kind == "signal":
        yield f"event.{event.signal}"
        return
    is_text = event.kind == "text"
    if is_text and memory.has_pocket_word and turn.world.is_pocket_word(fold(event.text)):
        yield "command.pocket_word"
    if not is_covered:
        yield from _chosen(turn)
        if is_text and (command := whole_command(event.text)):
            yield f"command.{command}"
    if is_text:
        turn.heard = turn.world.understand(event.text, memory.language, turn.state)
        yield from _dangers(turn)
    if is_covered:
        return
    yield f"own.{event.kind}"
    if memory.is_safe and turn.heard is not None:
        yield from _pointed(turn, signposts.phrased(turn) if is_text else None)
        yield from named(turn.heard)
    yield from (f"own.{intent}" for intent in intents(turn.heard))
    yield "own.anything"
    if is_text and memory.is_safe:
        yield from _pointed(turn, signposts.titled(turn))
    if memory.is_safe or event.kind == "media":
        yield f"other.{event.kind}"
        if turn.heard is not None and LIKELY <= turn.heard.score < SURE:
            yield "other.maybe"
        yield from (f"other.{intent}" for intent in intents(turn.heard))


def _chosen(turn: Turn) -> Iterator[str]:
    """The trigger of a choice: tapped by id, or typed as its number or title."""
    event, memory = turn.event, turn.memory
    if event.kind == "choice":
        tag, _, rest = event.choice.partition(".")
        state, _, key = rest.rpartition(".")
        if tag != memory.tag or not memory.tag or state not in turn.flows.states:
            yield "command.old_choice"
        elif state == turn.state or key == requests.KEY:
            yield from _trigger(turn, key)
        elif _is_plain(turn.flows, state, key):
            turn.state, turn.chosen = state, key
            yield f"choice.{key}"
        else:
            yield "command.shown_again"
        return
    if event.kind == "text" and memory.prompt:
        position = match_choice(event.text, [title for _, title in memory.prompt])
        if position is not None and not _is_command(turn, memory.prompt[position][1]):
            yield from _trigger(turn, memory.prompt[position][0].rpartition(".")[2])


def _is_command(turn: Turn, title: str) -> bool:
    """A word that commands everywhere ("borrar") is no part of a longer title; the name of a
    language may be."""
    command = whole_command(turn.event.text)
    return command not in (None, "language") and fold(turn.event.text) != fold(title)


def _trigger(turn: Turn, key: str) -> Iterator[str]:
    turn.chosen = key
    if key in turn.flows.choices(turn.state):
        yield f"choice.{key}"
    elif key == requests.KEY:
        yield "other.second"
    elif any(choice.endswith(f".{key}") for choice, _ in turn.memory.prompt):
        yield "own.offered"


def _pointed(turn: Turn, post: signposts.Post | None) -> Iterator[str]:
    """The trigger of a choice that stands elsewhere and that her words name."""
    if post is not None and turn.heard is not None:
        if turn.heard.places:
            places.keep(turn, list(turn.heard.places))
        turn.chosen_in, turn.chosen = post
        turn.state = turn.chosen_in
        yield f"choice.{turn.chosen}"


HARMLESS = frozenset(
    """leave hush withdraw note_danger note_police be_safe_again mark_safe be_short recall_wish
    forget_need forget_place keep_fear draft_summary""".split()
)
"""What an older choice of the session may still do: to leave and to cry for help always works."""


def _is_plain(flows: Flows, state: str, key: str) -> bool:
    """Whether an older choice is taken at its word: nobody consents or erases by scrolling."""
    choice = flows.choices(state).get(key)
    return choice is not None and HARMLESS.issuperset(choice.do)


def _dangers(turn: Turn) -> Iterator[str]:
    heard = turn.heard
    if heard is None or (not heard.urgent and is_place(turn)):
        return
    if heard.urgent:
        yield f"danger.{heard.intent}"
        yield "danger.danger_now"
    elif heard.intent == "self_harm" and heard.score >= LIKELY and not heard.past:
        yield "danger.self_harm"
    elif heard.also[:1] == ("danger_now",):
        yield "danger.doubt"


def intents(heard: Understanding | None) -> tuple[str, ...]:
    """What may be acted upon, likeliest first, in the words of the flows.

    Beside idle talk ("other") a faint second meaning is not acted upon.
    """
    if heard is None or heard.score < LIKELY:
        return ()
    also = () if heard.intent == "other" else heard.also
    return tuple(SPOKEN.get(intent, intent) for intent in (heard.intent, *also))


def named(heard: Understanding) -> Iterator[str]:
    """Needs said outright ("una abogada") come before what the message may mean besides."""
    if heard.intent not in GRAVE or heard.score < SURE:
        yield from (f"other.need_{need}" for need in heard.needs)
        if heard.needs:
            yield "other.named_need"
