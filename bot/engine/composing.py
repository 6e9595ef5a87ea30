"""What a state says: its texts and shows in order, closed by its choices."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.engine import guards, requests, shows
from bot.engine.definition import State
from bot.engine.values import fill, names
from bot.messages import Choice, Kind, Message, ShownService

if TYPE_CHECKING:
    from bot.engine.turn import Turn

SECOND_MISS = 2
"""So many messages in a row not understood offer a person."""


def compose(turn: Turn) -> None:
    """Add what the state that was entered says, and remember the choices shown as the prompt."""
    state = turn.flows.states[turn.state]
    choices = _choices(turn, state)
    for message in _sayings(turn, state, "ask" if choices else "say"):
        turn.messages.append(message)
    close(turn, choices, is_private=state.private)


def reprompt(turn: Turn) -> None:
    """Say that she was not understood, with the choices; the second time offer a person."""
    state = turn.flows.states[turn.state]
    name = f"{turn.state}.unclear"
    text = state.unclear or turn.flows.phrases["interrupts.unclear"]
    context = name if state.unclear else "interrupts.unclear"
    if state.covered:
        turn.say(turn.world.translate(turn.memory.language, context, text), "cover")
        return
    turn.memory.misses += 1
    choices = _choices(turn, state)
    if turn.memory.misses >= SECOND_MISS and turn.memory.is_safe:
        context, text = "interrupts.unclear_twice", turn.flows.phrases["interrupts.unclear_twice"]
        if "person" not in {key for key, _ in choices}:
            choices.append(("person", _shared_title(turn, "person")))
    said = fill(turn, turn.world.translate(turn.memory.language, context, text))
    turn.say(said, "ask" if choices else "say")
    close(turn, choices, is_private=state.private)


def offer_again(turn: Turn, text: str) -> None:
    """Say a text with the choices of the state she is in."""
    state = turn.flows.states[turn.state]
    choices = _choices(turn, state)
    turn.say(text, state.kind or ("ask" if choices else "say"))
    close(turn, choices, is_private=state.private)


def close(turn: Turn, choices: list[tuple[str, str]], *, is_private: bool) -> None:
    """Hang the choices under the last message; `choices` are key and title in order."""
    memory = turn.memory
    wired = [Choice(f"{memory.tag}.{turn.state}.{key}", title) for key, title in choices]
    hidden = [
        [f"{memory.tag}.{turn.state}.{key}", choice.title]
        for key, choice in turn.flows.choices(turn.state).items()
        if choice.hidden
    ]
    memory.prompt = [[choice.id, choice.title] for choice in wired] + hidden
    if not wired or not turn.messages:
        return
    last = turn.messages[-1]
    turn.messages[-1] = Message(
        last.text, last.kind, last.cause, tuple(wired), is_private, last.service
    )


def _sayings(turn: Turn, state: State, closing: Kind) -> list[Message]:
    """Neighbouring texts become one message; a show brings its own."""
    messages: list[Message] = []
    texts: list[str] = []
    lines: list[str] = []
    kind: Kind = state.kind or "say"

    def flush(as_kind: Kind) -> None:
        if texts:
            to_call = _to_call(turn, lines) if as_kind == "danger" else None
            messages.append(Message("\n".join(texts), as_kind, service=to_call))
            texts.clear()

    for key, saying in state.say.items():
        if not all(guards.ALL[name](turn) for name in saying.when):
            continue
        if saying.show is not None:
            flush(kind)
            messages.extend(shows.ALL[saying.show](turn))
        elif (text := _text(turn, key, saying.text or "", saying.short)) != "":
            texts.append(text)
            lines += [name[5:] for name in names(saying.text or "") if name.startswith("line.")]
    flush(state.kind or closing)
    return messages


def _to_call(turn: Turn, keys: list[str]) -> ShownService | None:
    """The national lines that a danger text names, so that one tap calls them."""
    lines = [turn.world.directory.line(key) for key in dict.fromkeys(keys)]
    if not lines:
        return None
    listing = turn.world.directory.service(lines[0].service)
    return ShownService(
        id=lines[0].service,
        phones=tuple(line.number for line in lines),
        open=True,
        opens_at=None,
        source_at=listing.source_at if listing else None,
        confirmed_at=listing.confirmed_at if listing else None,
        distance_km=None,
    )


def _text(turn: Turn, key: str, text: str, short: str | None) -> str:
    context = f"{turn.state}.{key}"
    if turn.memory.session == "short" and short is not None:
        if short == "":
            return ""
        context, text = f"{context}.short", short
    return fill(turn, turn.world.translate(turn.memory.language, context, text))


def _choices(turn: Turn, state: State) -> list[tuple[str, str]]:
    found = shows.OFFERS[state.offer](turn) if state.offer else []
    for key, choice in turn.flows.choices(turn.state).items():
        if not choice.hidden and all(guards.ALL[name](turn) for name in choice.when):
            context = turn.flows.choice_context(turn.state, key)
            found.append((key, turn.world.translate(turn.memory.language, context, choice.title)))
    if requests.is_offered(turn) and 0 < len(found) < requests.MOST_CHOICES:
        found.append((requests.KEY, turn.phrase("menu.second")))
    return found


def _shared_title(turn: Turn, key: str) -> str:
    title = turn.flows.interrupts.shared[key].title
    return turn.world.translate(turn.memory.language, f"interrupts.shared.{key}", title)
