"""The one flat machine of all states, built once and shared by all conversations.

Synchronous on purpose: transitions' asynchronous machine runs a callback list concurrently and a
shared nested one mixes conversations up. Models are never registered; a turn is handed to the
event that it triggers and is gone afterwards.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import transitions

from bot.engine.definition import STAY, ChoiceMove, Flows, Move
from bot.errors import ContentError

if TYPE_CHECKING:
    from bot.engine.turn import Turn

logging.getLogger("transitions").setLevel(logging.CRITICAL)  # it names states, and they topics

Guard = Callable[["Turn"], bool]
Action = Callable[["Turn"], None]


class Machine:
    """Fires triggers of the form `<step>.<name>`: `choice.calm`, `command.exit`, `danger.now`,
    `own.place`, `other.rights`, `event.counselor_joined`."""

    def __init__(
        self, flows: Flows, guards: Mapping[str, Guard], actions: Mapping[str, Action]
    ) -> None:
        """Raise `ContentError` when a flow names a state, guard or action that does not exist."""
        self._guards = guards
        self._actions = actions
        self._machine = transitions.Machine(
            model=None,
            states=[transitions.State(name, on_enter=[_mark_entered]) for name in flows.states],
            initial=None,
            auto_transitions=False,
            send_event=True,
        )
        self._build(flows)

    def fire(self, turn: Turn, trigger: str) -> bool:
        """Whether a move for this trigger exists in the turn's state, passed and was made."""
        event = self._machine.events.get(trigger)
        if event is None or turn.state not in event.transitions:
            return False
        return bool(event.trigger(turn))

    def _build(self, flows: Flows) -> None:
        for name, state in flows.states.items():
            for key in state.also:
                self._named(flows.interrupts.shared, key, flows, name)
            for key, choice in flows.choices(name).items():
                self._add(flows, f"choice.{key}", [name], choice, name)
                if choice.like:
                    self._add(flows, f"own.{choice.like}", [name], choice, name)
            for move in state.moves:
                self._add(flows, f"own.{move.intent}", [name], move, name)
        everywhere = list(flows.states)
        steps: Iterable[tuple[str, tuple[Move, ...]]] = (
            ("command", flows.interrupts.commands),
            ("danger", flows.interrupts.danger),
            ("other", flows.interrupts.others),
            ("event", flows.interrupts.events),
        )
        for step, moves in steps:
            for move in moves:
                self._add(flows, f"{step}.{move.intent}", [*everywhere], move, "interrupts")

    def _add(
        self, flows: Flows, trigger: str, sources: list[Any], move: Move | ChoiceMove, where: str
    ) -> None:
        if move.go != STAY and move.go not in flows.states:
            raise ContentError(
                f"{flows.where(where)}: `{where}` goes to `{move.go}`, no such state"
            )
        look_up = move.look_up if isinstance(move, Move) else ()
        before: list[Any] = []
        if move.need is not None:
            before.append(_set_need(move.need))
        before += [_act(self._named(self._actions, name, flows, where)) for name in move.do]
        self._machine.add_transition(
            trigger,
            sources,
            None if move.go == STAY else move.go,
            prepare=[_act(self._named(self._actions, name, flows, where)) for name in look_up],
            conditions=[_ask(self._named(self._guards, name, flows, where)) for name in move.when],
            before=before,
        )

    def _named(self, registry: Mapping[str, Any], name: str, flows: Flows, where: str) -> Any:
        if name not in registry:
            raise ContentError(
                f"{flows.where(where)}: `{where}` names `{name}`, which does not exist"
            )
        return registry[name]


def _mark_entered(event: Any) -> None:
    event.model.has_entered = True


def _act(action: Action) -> Callable[[Any], None]:
    return lambda event: action(event.model)


def _ask(guard: Guard) -> Callable[[Any], bool]:
    return lambda event: guard(event.model)


def _set_need(need: str) -> Callable[[Any], None]:
    def remember(event: Any) -> None:
        event.model.memory.need = need

    return remember
