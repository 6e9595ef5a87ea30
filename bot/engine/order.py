"""The order in which every state reads what she did (SAFETY 3).

1 pocket word, 2 a choice of the current prompt, 3 a command that is the whole message, 4 danger in
free text, 5 the state's own moves, 6 what else every state obeys. What passes none of it was not
understood.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from bot.engine import answers, danger, places, requests, signposts, spoken
from bot.engine.definition import Flows
from bot.engine.folding import fold
from bot.engine.intents import CONSENTS, LIKELY, SURE, match_choice, whole_command
from bot.engine.vocabulary import GRAVE

if TYPE_CHECKING:
    from bot.engine.turn import Turn

FOR_THE_YOUNG = ("minors.", "rights_young.", "health.", "privacy.", "care.", "screening.")
SPOKEN = {"yes": "affirm", "no": "deny"}
"""Intents whose names YAML would read as truth values."""


def reading(turn: Turn) -> Iterator[str]:
    """The order in which every state reads a message (SAFETY 3); a flow may add, never replace."""
    event = turn.event
    if event.kind == "signal":
        yield f"event.{event.signal}"
        return
    is_covered = turn.flows.states[turn.state].covered
    yield from _commands(turn, is_covered=is_covered)
    if event.kind == "text":
        turn.heard = turn.world.understand(event.text, turn.memory.language, turn.state)
        danger.take_facts(turn)
        yield from _dangers(turn, is_covered=is_covered)
    if not is_covered:
        yield from _own(turn)
        yield from _others(turn)


def _commands(turn: Turn, *, is_covered: bool) -> Iterator[str]:
    """1 to 3: the pocket word, a choice before her, a command that is the whole message."""
    event, memory = turn.event, turn.memory
    is_text = event.kind == "text"
    if is_text and memory.has_pocket_word and turn.world.is_pocket_word(fold(event.text)):
        yield "command.pocket_word"
    if is_covered:
        return
    yield from _chosen(turn)
    if is_text and (command := whole_command(event.text)):
        yield f"command.{command}"


def _dangers(turn: Turn, *, is_covered: bool) -> Iterator[str]:
    """4: danger in free text, and what in her words answers the chat rather than cries.

    In danger what she says to the chat's own offer comes first ("no puedo llamar"); elsewhere a cry
    does. Of a doubt is asked only where her words name nothing that is there.
    """
    is_danger = turn.flows.states[turn.state].kind == "danger"
    if is_danger:
        if spoken.says_safe(turn) and spoken.says(turn, "asks_more"):
            yield "danger.danger_now"
        yield from _answered(turn, signposts.here(turn))
        yield from _answered(turn, answers.yes(turn))
    yield from _cries(turn)
    if not (is_danger or is_covered):
        yield from _answered(turn, signposts.here(turn))
        yield from _answered(turn, answers.yes_or_no(turn))
    if turn.memory.is_safe and not is_covered and not _is_grave(turn):
        yield from _pointed(turn, _anywhere(turn))
    yield from _doubts(turn)


def _own(turn: Turn) -> Iterator[str]:
    """5: the state's own moves, and what she asks for by its name."""
    is_safe = turn.memory.is_safe
    yield f"own.{turn.event.kind}"
    if is_safe and turn.event.kind == "text":
        yield from _answered(turn, answers.nearby(turn))
        yield from _pointed(turn, _anywhere(turn))
        if answers.is_about_known(turn):
            yield "other.known_need"
    if is_safe:
        yield from named(turn)
    yield from (f"own.{intent}" for intent in intents(turn))
    yield "own.anything"


def _others(turn: Turn) -> Iterator[str]:
    """6: what every state obeys besides."""
    kind, heard = turn.event.kind, turn.heard
    if not turn.memory.is_safe and kind != "media":
        return
    yield f"other.{kind}"
    if kind == "text":
        yield from _pointed(turn, signposts.titled(turn))
        yield from _answered(turn, answers.hinted(turn))
    is_calm = turn.flows.states[turn.state].kind != "danger"
    if heard is not None and LIKELY <= heard.score < SURE and is_calm:
        yield "other.maybe"
    yield from (f"other.{intent}" for intent in intents(turn))


def rereading(turn: Turn) -> Iterator[str]:
    """The order in which what she told before is read again, now that it can be taken up."""
    yield from _pointed(turn, _anywhere(turn))
    yield from named(turn)
    yield from (f"other.{intent}" for intent in intents(turn))


def pointing(turn: Turn) -> Iterator[str]:
    """The choice before her that one word of hers points at."""
    yield from _answered(turn, signposts.hinted(turn))


def _answered(turn: Turn, key: str | None) -> Iterator[str]:
    """The trigger of a choice before her that her words are."""
    if key is not None:
        places.take(turn)
        turn.chosen = key
        yield f"choice.{key}"
        turn.chosen = ""  # it may not be taken now


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
        places.take(turn)
        turn.chosen_in, turn.chosen = post
        turn.state = turn.chosen_in
        yield f"choice.{turn.chosen}"


HARMLESS = frozenset(
    """leave hush withdraw note_danger note_police be_safe_again mark_safe be_short recall_wish
    go_on forget_need forget_place keep_fear draft_summary""".split()
)
"""What an older choice of the session may still do: to leave and to cry for help always works."""


def _is_plain(flows: Flows, state: str, key: str) -> bool:
    """Whether an older choice is taken at its word: nobody consents or erases by scrolling."""
    choice = flows.choices(state).get(key)
    return choice is not None and HARMLESS.issuperset(choice.do)


def _cries(turn: Turn) -> Iterator[str]:
    heard = turn.heard
    is_denied = not turn.memory.is_urgent and (
        spoken.begins(turn, "not_in_danger") or danger.is_plainly_safe(turn)
    )
    if heard is not None and heard.urgent and not is_denied and not places.is_place(turn):
        if not spoken.says_safe(turn):  # that it is over is said to every kind of danger alike
            yield f"danger.{heard.intent}"
        yield "danger.danger_now"


def _doubts(turn: Turn) -> Iterator[str]:
    heard = turn.heard
    if heard is None or heard.urgent or places.is_place(turn) or _names_service(turn):
        return
    is_harm = bool(GRAVE & {heard.intent, *heard.also}) or spoken.says(turn, "my_own_death")
    if "embarazo" in heard.needs and not is_harm:
        return  # "I don't know what to do" is asked about the pregnancy
    least = LIKELY if spoken.says(turn, "my_own_death") else SURE
    if heard.intent == "self_harm" and heard.score >= least and not heard.past:
        yield "danger.self_harm"
    elif heard.also[:1] == ("danger_now",):
        yield "danger.doubt"


def _names_service(turn: Turn) -> bool:
    """Whether she surely asks for a service, which she names, and not for help at once."""
    heard = turn.heard
    is_sure = heard is not None and heard.intent == "services_near" and heard.score >= SURE
    return is_sure and bool(heard and heard.needs) and not spoken.says(turn, "right_now")


BESIDE_DANGER = frozenset(("privacy", "rights", "language"))
"""What nobody in danger is led to by a reading."""


def intents(turn: Turn) -> tuple[str, ...]:
    """What may be acted upon, likeliest first, in the words of the flows.

    Beside idle talk ("other") a faint second meaning is not acted upon; harm that she denies, and
    youth when she is of age, are not acted upon at all.
    """
    heard = turn.heard
    is_danger = turn.flows.states[turn.state].kind == "danger"
    if heard is None or heard.score < (SURE if is_danger else LIKELY) or places.is_place(turn):
        return ()
    also = () if heard.intent == "other" else [one for one in heard.also if one not in CONSENTS]
    untrue = spoken.untrue(turn) | (BESIDE_DANGER if is_danger else frozenset())
    return tuple(SPOKEN.get(one, one) for one in (heard.intent, *also) if one not in untrue)


def _anywhere(turn: Turn) -> signposts.Post | None:
    """A signpost; who is ill needs a doctor before an answer, and who is under 18 hears nothing
    that is said to grown women."""
    needs_care = spoken.tells_of_condom(turn) and spoken.says(turn, "where")
    if spoken.is_ill(turn) or needs_care:
        return None
    post = signposts.young(turn) or signposts.question(turn) or signposts.plain(turn)
    post = post or signposts.anywhere(turn)
    if post is None or (post[0] == "find_service.fears" and _wants_person(turn)):
        return None
    if not spoken.is_young_herself(turn):
        return post
    state, key = post
    return post if turn.flows.choices(state)[key].go.startswith(FOR_THE_YOUNG) else None


def _wants_person(turn: Turn) -> bool:
    """Whether a person is what she asks for, not how a service treats her."""
    heard = turn.heard
    return heard is not None and heard.intent == "human" and heard.score >= SURE


def _is_grave(turn: Turn) -> bool:
    """Whether what her words may mean is harm, or death."""
    heard = turn.heard
    if heard is not None and heard.intent == "self_harm":
        return spoken.says(turn, "my_own_death")
    is_grave = heard is not None and heard.intent in (*GRAVE, "danger_now")
    return is_grave and not signposts.tells_only_age(turn)


def named(turn: Turn) -> Iterator[str]:
    """Needs said outright ("una abogada") come before what the message may mean besides."""
    heard = turn.heard
    if heard is None:
        return
    is_grave = heard.intent in GRAVE and heard.score >= SURE and not signposts.tells_only_age(turn)
    if not is_grave or heard.intent in spoken.untrue(turn) or spoken.hesitates(turn):
        yield from (f"other.need_{need}" for need in heard.needs)
        if heard.needs:
            yield "other.named_need"
