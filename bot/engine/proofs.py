"""What `kuska check` proves of the machine: names exist, states are reached and have ways out.

Each problem reads `file:line: what is wrong`; an empty list is the proof.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from bot.engine import actions, guards, shows, values
from bot.engine.definition import STAY, ChoiceMove, Flows, Move, State
from bot.engine.memory import START

PERSONS = frozenset(
    {"handoff.offer", "handoff.live", "handoff.waiting", "safety.tell", "safety.tell_police"}
)
MENU = "menu.main"
WITHIN = 2
"""A person, the menu and the exit are never further than this many messages."""
SPECIAL = frozenset({"enter", "text", "choice", "location", "media", "offered", "anything"})


def problems(flows: Flows, lines: frozenset[str], needs: frozenset[str]) -> list[str]:
    """All that is wrong; `lines` are the keys of `emergency.yaml`, `needs` those of `needs.csv`."""
    found = list(_names(flows, lines, needs))
    if not found:
        found += _reach(flows)
        found += _ways_out(flows)
    return found


def _names(flows: Flows, lines: frozenset[str], needs: frozenset[str]) -> Iterator[str]:
    for name, state in flows.states.items():
        where = flows.where(name)
        for move in _moves(flows, name):
            yield from _unknown(where, name, move, flows, needs)
        for key in state.also:
            if key not in flows.interrupts.shared:
                yield f"{where}: `{name}` adds `{key}`, no shared choice has this name"
        for saying in state.say.values():
            if saying.show and saying.show not in shows.ALL:
                yield f"{where}: `{name}` shows `{saying.show}`, which does not exist"
            for guard in saying.when:
                if guard not in guards.ALL:
                    yield f"{where}: `{name}` asks `{guard}`, which does not exist"
        if state.offer and state.offer not in shows.OFFERS:
            yield f"{where}: `{name}` offers `{state.offer}`, which does not exist"
        for text in texts(state):
            yield from (f"{where}: `{name}` {problem}" for problem in _values(text, lines))
    for move in (*flows.interrupts.commands, *flows.interrupts.danger, *flows.interrupts.others):
        yield from _unknown("interrupts.yaml:1", "interrupts", move, flows, needs)


def _unknown(
    where: str, name: str, move: Move | ChoiceMove, flows: Flows, needs: frozenset[str]
) -> Iterator[str]:
    if move.go != STAY and move.go not in flows.states:
        yield f"{where}: `{name}` goes to `{move.go}`, no such state"
    if move.need is not None and move.need not in needs:
        yield f"{where}: `{name}` sets the need `{move.need}`, which needs.csv does not have"
    look_up = move.look_up if isinstance(move, Move) else ()
    for action in (*look_up, *move.do):
        if action not in actions.ALL:
            yield f"{where}: `{name}` does `{action}`, which does not exist"
    for guard in move.when:
        if guard not in guards.ALL:
            yield f"{where}: `{name}` asks `{guard}`, which does not exist"


def _values(text: str, lines: frozenset[str]) -> Iterator[str]:
    for value in values.names(text):
        head, _, key = value.partition(".")
        if head not in values.ALL:
            yield f"fills in `{value}`, which does not exist"
        elif head == "line" and key not in lines:
            yield f"names the line `{key}`, which emergency.yaml does not have"


def _reach(flows: Flows) -> Iterator[str]:
    reached = {START}
    edge = [START]
    while edge:
        edge = [go for name in edge for go in _anyhow(flows, name) if go not in reached]
        reached.update(edge)
    for name in flows.states:
        if name not in reached:
            yield f"{flows.where(name)}: `{name}` cannot be reached"


def _ways_out(flows: Flows) -> Iterator[str]:
    for name, state in flows.states.items():
        where = flows.where(name)
        if state.covered or name == START:
            continue
        if _is_passage(state):
            continue
        if not state.say:
            yield f"{where}: `{name}` says nothing"
        near = _within(flows, name)
        if not near & PERSONS:
            yield f"{where}: from `{name}` a person is further than {WITHIN} messages"
        if MENU not in near and name != MENU and not name.startswith("handoff.live"):
            yield f"{where}: from `{name}` the menu is further than {WITHIN} messages"


def _within(flows: Flows, name: str) -> set[str]:
    """States reached with at most `WITHIN` messages; passages cost nothing."""
    reached = {name}
    for _ in range(WITHIN):
        reached |= {go for one in reached for go in _next(flows, one)}
        reached |= {
            move.go
            for one in reached
            if _is_passage(flows.states[one])
            for move in flows.states[one].moves
            if move.go != STAY
        }
    return reached


def _next(flows: Flows, name: str) -> set[str]:
    """Where she can go from here as she likes."""
    state = flows.states[name]
    moves = _moves(flows, name)
    if not state.covered:
        moves += flows.interrupts.commands
        if not any(move.intent == "anything" and not move.when for move in state.moves):
            moves += flows.interrupts.others
    return {move.go for move in moves if move.go != STAY}


def _anyhow(flows: Flows, name: str) -> set[str]:
    """Where the conversation can go from here, also by danger or by something inside."""
    forced = (*flows.interrupts.danger, *flows.interrupts.events)
    return _next(flows, name) | {move.go for move in forced if move.go != STAY}


def _moves(flows: Flows, name: str) -> list[Move | ChoiceMove]:
    state = flows.states[name]
    shared = [flows.interrupts.shared[key] for key in state.also if key in flows.interrupts.shared]
    return [*state.choices.values(), *shared, *state.moves]


def _is_passage(state: State) -> bool:
    """Whether entering always moves on."""
    return any(move.intent == "enter" and not move.when for move in state.moves)


def texts(state: State) -> Iterator[str]:
    """Every text of a state, short ones and the answer to a miss included."""
    for saying in state.say.values():
        if saying.text:
            yield saying.text
        if saying.short:
            yield saying.short
    if state.unclear:
        yield state.unclear


def intents(flows: Flows) -> Mapping[str, list[str]]:
    """Each intent that a flow listens to, with the states that do."""
    heard: dict[str, list[str]] = {}
    for name, state in flows.states.items():
        for move in state.moves:
            if move.intent not in SPECIAL:
                heard.setdefault(move.intent, []).append(name)
    return heard
