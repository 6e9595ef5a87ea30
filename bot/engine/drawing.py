"""The machine as a Mermaid picture: `kuska draw [FLOW]`."""

from __future__ import annotations

from collections.abc import Iterator

from bot.engine.definition import STAY, Flows


def mermaid(flows: Flows, flow: str | None = None) -> str:
    """One flow, or all of them; what every state obeys is drawn once, from a note."""
    lines = ["stateDiagram-v2", "    direction LR"]
    names = [name for name in flows.states if flow is None or name.startswith(f"{flow}.")]
    for group in dict.fromkeys(name.partition(".")[0] for name in names):
        lines.append(f"    state {group} {{")
        lines += [f"        {_id(name)}: {name}" for name in names if name.startswith(f"{group}.")]
        lines.append("    }")
    for name in names:
        lines += [f"    {arrow}" for arrow in dict.fromkeys(_arrows(flows, name))]
    if flow is None or flow == "interrupts":
        lines += [f"    {arrow}" for arrow in dict.fromkeys(_interrupts(flows))]
    return "\n".join(lines) + "\n"


def _arrows(flows: Flows, name: str) -> Iterator[str]:
    state = flows.states[name]
    for key, choice in state.choices.items():
        if choice.go != STAY:
            yield f"{_id(name)} --> {_id(choice.go)}: {key}"
    for move in state.moves:
        if move.go != STAY:
            guard = f" [{', '.join(move.when)}]" if move.when else ""
            yield f"{_id(name)} --> {_id(move.go)}: {move.intent}{guard}"


def _interrupts(flows: Flows) -> Iterator[str]:
    parts = flows.interrupts
    for step, moves in (
        ("command", parts.commands),
        ("danger", parts.danger),
        ("other", parts.others),
        ("event", parts.events),
    ):
        for move in moves:
            if move.go != STAY:
                yield f"every_state --> {_id(move.go)}: {step} {move.intent}"


def _id(name: str) -> str:
    return name.replace(".", "__")
