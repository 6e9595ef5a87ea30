"""One event to its replies.

`Engine.take_turn` is pure but for its arguments: it copies the memory, reads the event in the order
of SAFETY 3, lets the machine move, and composes what the state it ended in says.
"""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from bot.engine import actions, guards, places, requests, wishes
from bot.engine.actions import LANGUAGE_WORDS
from bot.engine.composing import compose, reprompt
from bot.engine.definition import Flows
from bot.engine.effects import Effect
from bot.engine.intents import Understanding
from bot.engine.machine import Machine
from bot.engine.memory import SILENCE_ENDS, Memory
from bot.engine.order import pointing, reading, rereading
from bot.engine.told import listen
from bot.engine.world import World
from bot.messages import Cause, Kind, Message
from directory.places import Place

HOPS = 8
"""More moves than this in one turn is a looping flow: it ends where it is."""
DOOR = "welcome.later"
"""Where "ahora no" leaves her; what it said to send when it is urgent holds however late."""
TRAIL = 12
"""So many states behind her are kept for "back"."""


@dataclass(frozen=True, slots=True)
class Event:
    """What happened: something she did, or a `signal` from inside (a counselor joined, …)."""

    kind: Literal["text", "choice", "location", "media", "signal"]
    text: str = ""
    choice: str = ""
    location: tuple[float, float] | None = None
    media: str = ""
    signal: str = ""


@dataclass(slots=True)
class Turn:
    """The work in hand; `memory` is already the copy that becomes the new one."""

    memory: Memory
    event: Event
    world: World
    flows: Flows
    heard: Understanding | None = None
    trigger: str = ""
    chosen: str = ""
    chosen_in: str = ""
    candidates: list[Place] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    effects: list[Effect] = field(default_factory=list)
    has_entered: bool = False
    is_back: bool = False
    jump: str | None = None
    recalled: Understanding | None = None
    recalled_text: str = ""

    @property
    def state(self) -> str:
        """Where she is; what the machine reads and sets."""
        return self.memory.state

    @state.setter
    def state(self, name: str) -> None:
        self.memory.state = name

    @property
    def said(self) -> str:
        """Her words: those of this turn, or of the wish that is taken up again in it."""
        return self.recalled_text or self.event.text

    def phrase(self, key: str, /, **values: object) -> str:
        """A phrase of `flows/` in her language, filled."""
        text = self.world.translate(self.memory.language, key, self.flows.phrases[key])
        return text.format(**values) if values else text

    def say(self, text: str, kind: Kind = "say", cause: Cause = "inbound") -> None:
        """Say something before what the state says."""
        self.messages.append(Message(text=text, kind=kind, cause=cause))

    def tell_once(self, name: str) -> bool:
        """True the first time in a session that `name` is asked."""
        if name in self.memory.told:
            return False
        self.memory.told.append(name)
        return True


class Engine:
    """Flows and machine together; one for the process."""

    def __init__(self, flows: Flows) -> None:
        """Raise `ContentError` when the flows name something that does not exist."""
        self.flows = flows
        self.machine = Machine(flows, guards.ALL, actions.ALL)

    def take_turn(self, memory: Memory, event: Event, world: World) -> Turn:
        """`memory` stays as it was; the turn holds the new one, the messages and the effects."""
        turn = Turn(copy.deepcopy(memory), event, world, self.flows)
        if event.kind != "signal":
            _open_session(turn)
        started_in, is_first = turn.state, turn.memory.tag != memory.tag
        understood = self._fire_first(turn, reading(turn))
        listen(turn, started_in)
        if turn.memory.is_safe and turn.memory.place is None and not turn.memory.places:
            places.take(turn)  # it need not be said again
        if understood and _goes_round(turn, started_in):
            self._fire_first(turn, pointing(turn))
        if understood:
            turn.memory.misses = 0
            self._settle(turn)
            wishes.take_topic(turn)
            requests.keep_second(turn)
        elif event.kind != "signal":
            reprompt(turn)
        _uncover(turn)
        _keep_trail(turn, started_in)
        _suggest_language(turn)
        is_cry = turn.heard is not None and turn.heard.urgent and (is_first or _is_long(turn))
        is_switched = is_cry and actions.speak_her_language(turn)
        if turn.has_entered:
            compose(turn)
        if is_switched:
            actions.say_spanish_instead(turn)
        if event.kind != "signal" and turn.memory.session != "ended":
            turn.memory.heard_at = world.now
        return turn

    def apologize(self, memory: Memory, event: Event, world: World) -> Turn:
        """What is said when `take_turn` raised: her place stays, a new session begins if due."""
        turn = Turn(copy.deepcopy(memory), event, world, self.flows)
        if event.kind != "signal":
            _open_session(turn)
            turn.memory.heard_at = world.now
        if event.kind == "text":
            with contextlib.suppress(Exception):  # understanding may be what failed
                turn.heard = world.understand(event.text, memory.language, turn.state)
        return actions.apologize(turn)

    def _fire_first(self, turn: Turn, triggers: Iterable[str]) -> bool:
        """Make the first move that is there and passes; it stays named as `turn.trigger`."""
        for turn.trigger in triggers:
            if self.machine.fire(turn, turn.trigger):
                return True
        turn.trigger = ""
        return False

    def _settle(self, turn: Turn) -> None:
        """Follow moves on entering, a step back and a recalled wish until nothing moves."""
        for _ in range(HOPS):
            if turn.jump is not None:
                turn.state, turn.jump, turn.has_entered = turn.jump, None, True
            elif turn.recalled is not None:
                turn.heard, turn.recalled = turn.recalled, None
                self._fire_first(turn, rereading(turn))
            elif not (turn.has_entered and self.machine.fire(turn, "own.enter")):
                return


def _goes_round(turn: Turn, started_in: str) -> bool:
    """Whether her own words only led back to where she was: what stands there may be meant."""
    is_text = turn.event.kind == "text" and turn.trigger.startswith(("other.", "own."))
    return is_text and turn.has_entered and turn.state == started_in and not turn.is_back


def _is_long(turn: Turn) -> bool:
    """Whether a message is so long that its language is no accident of a word or two."""
    return len(turn.event.text.split()) >= 2 * LANGUAGE_WORDS


def _open_session(turn: Turn) -> None:
    """Begin a new session when the last one is over; a live handoff keeps a silent one open."""
    memory, now = turn.memory, turn.world.now
    if turn.flows.states[memory.state].covered:
        if memory.covered_at is None or now - memory.covered_at >= SILENCE_ENDS:
            memory.begin(turn.world.new_tag())
    elif memory.session == "ended" or (
        turn.world.handoff not in ("claimed", "live") and memory.is_over(now)
    ):
        is_at_door = memory.state == DOOR
        memory.begin(turn.world.new_tag())
        if is_at_door:
            memory.state = DOOR
            memory.prompt = [
                [f"{memory.tag}.{DOOR}.{key}", choice.title]
                for key, choice in turn.flows.choices(DOOR).items()
            ]


def _uncover(turn: Turn) -> None:
    """Who writes after "ahora no" is answered: only a cover may follow a covered session."""
    if turn.memory.session == "covered" and turn.flows.states[turn.state].kind != "cover":
        turn.memory.session = "open"


def _suggest_language(turn: Turn) -> None:
    """Four words or more in another language: offer it once a session, never switch; in one that
    is only understood, say so."""
    heard, memory = turn.heard, turn.memory
    if heard is None or heard.urgent or heard.language == memory.language:
        return
    is_offered = heard.language in turn.world.languages
    is_open = memory.is_safe or (not is_offered and turn.state == "welcome.gate")
    name = f"interrupts.{'suggest' if is_offered else 'understands'}_{heard.language}"
    if not is_open or len(turn.event.text.split()) < LANGUAGE_WORDS:
        return
    if name in turn.flows.phrases and turn.tell_once(f"suggest_{heard.language}"):
        turn.say(turn.flows.phrases[name])


def _keep_trail(turn: Turn, started_in: str) -> None:
    """Remember where she came from, unless she is going back or the session is not open."""
    is_gate = started_in.startswith("welcome.")
    if turn.is_back or is_gate or started_in == turn.state or not turn.memory.is_safe:
        return
    turn.memory.trail = [*turn.memory.trail, started_in][-TRAIL:]
