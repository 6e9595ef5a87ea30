"""What a flow file may say. Names only: every guard, action and show is a Python function."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from bot.messages import Kind

STAY = "stay"
"""As `go`: the move happens without leaving the state."""

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
StateName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$")]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class Part(BaseModel):
    """Everything read from YAML: unknown keys are refused, nothing changes after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Saying(Part):
    """One piece of what entering a state says: a text, or a named `show` that brings facts.

    `short` replaces the text for somebody with little time (empty: left out). A text that states
    law or procedure carries its `source` (document and section, or address and date) and its
    `confidence`; `facts` names rows of the rights list that it says, `binds` those that must stand
    with it.
    """

    text: Text | None = None
    short: str | None = None
    show: Name | None = None
    when: tuple[Name, ...] = ()
    source: str | None = None
    confidence: Literal["high", "medium"] | None = None
    facts: tuple[str, ...] = ()
    binds: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _one_of(self) -> Saying:
        if (self.text is None) == (self.show is None):
            raise ValueError("a saying needs either `text` or `show`")
        if self.source and not self.confidence:
            raise ValueError("a `source` needs its `confidence`")
        return self


def _as_saying(value: Any) -> Any:
    return {"text": value} if isinstance(value, str) else value


class Move(Part):
    """`intent` happens; `look_up` prepares; if every `when` holds, `do` acts and `go` is entered.

    `need` names a row of the directory's needs and is remembered before `do`.
    """

    intent: Name
    look_up: tuple[Name, ...] = ()
    when: tuple[Name, ...] = ()
    need: Name | None = None
    do: tuple[Name, ...] = ()
    go: StateName | Literal["stay"]


class ChoiceMove(Part):
    """Something to tap or type. `like` lets an intent mean it; `hidden` is answered, not shown."""

    title: Text
    like: Name | None = None
    when: tuple[Name, ...] = ()
    need: Name | None = None
    do: tuple[Name, ...] = ()
    go: StateName | Literal["stay"]
    hidden: bool = False


class State(Part):
    """One place in a conversation.

    `say` is shown on entering, `choices` close it, `also` adds shared choices of `interrupts.yaml`,
    `offer` names a function that makes choices at run time (tapping one is the intent `offered`).
    `private` choices name a sensitive topic (see `bot.messages.Message`). `unclear` answers what
    was not understood. `covered` reads danger and nothing else (SAFETY 5).
    """

    say: dict[Name, Annotated[Saying, BeforeValidator(_as_saying)]] = Field(default_factory=dict)
    kind: Kind | None = None
    private: bool = False
    covered: bool = False
    offer: Name | None = None
    choices: dict[Name, ChoiceMove] = Field(default_factory=dict)
    also: tuple[Name, ...] = ()
    moves: tuple[Move, ...] = ()
    unclear: Text | None = None


class FlowFile(Part):
    """One file of `flows/`: its states, and phrases that code says outside of states."""

    flow: Name
    phrases: dict[Name, Text] = Field(default_factory=dict)
    states: dict[Name, State] = Field(default_factory=dict)


class InterruptFile(Part):
    """`interrupts.yaml`: what every state obeys, in the order of SAFETY 3."""

    flow: Literal["interrupts"]
    phrases: dict[Name, Text] = Field(default_factory=dict)
    commands: tuple[Move, ...]
    danger: tuple[Move, ...]
    others: tuple[Move, ...]
    events: tuple[Move, ...] = ()
    shared: dict[Name, ChoiceMove]


@dataclass(frozen=True, slots=True)
class Flows:
    """All files together. `states` is keyed `flow.state`; `lines` says where each name stands."""

    states: Mapping[str, State]
    phrases: Mapping[str, str]
    interrupts: InterruptFile
    lines: Mapping[str, str] = field(default_factory=dict)

    def choices(self, state: str) -> dict[str, ChoiceMove]:
        """Own choices of a state followed by the shared ones it adds."""
        definition = self.states[state]
        known = self.interrupts.shared
        shared = {key: known[key] for key in definition.also if key in known}
        return {**definition.choices, **shared}

    def choice_context(self, state: str, key: str) -> str:
        """The gettext context of a choice's title."""
        if key in self.states[state].choices:
            return f"{state}.{key}"
        return f"interrupts.shared.{key}"

    def where(self, name: str) -> str:
        """`file:line` of a state or phrase, for messages to the people who write flows."""
        return self.lines.get(name, "flows")
