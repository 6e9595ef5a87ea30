"""What her words answer to what stands before her, though they are no title; a cry comes first."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from fnmatch import filter as matching

import pytest
from directory_loaded import MONDAY_MORNING
from talking import FLOWS, WORLD, engine, writing

from bot.engine import signposts
from bot.engine.loader import read
from bot.engine.memory import Memory
from bot.engine.turn import Event, Turn

DANGER = [name for name, state in FLOWS.states.items() if state.kind == "danger"]


def in_state(state: str, **more: object) -> Memory:
    """A calm conversation that stands in this state."""
    memory = writing()
    memory.state = state
    for name, value in more.items():
        setattr(memory, name, value)
    return memory


def say(text: str, memory: Memory) -> Turn:
    """She writes this."""
    return engine().take_turn(memory, Event("text", text=text), WORLD)


def in_danger(state: str = "safety.now") -> Memory:
    """Danger was spoken of a minute ago."""
    said_at = MONDAY_MORNING - timedelta(minutes=1)
    return in_state(state, danger_at=said_at, is_urgent=True)


def phrases() -> Iterator[tuple[str, str]]:
    """Every phrase that counts where its choice stands, in its plainest form."""
    content, _ = read(signposts.FILE)
    for name, written in content["here"].items():
        for phrase in written:
            plain = (one.split("/")[0].rstrip("*") for one in phrase.split() if one != "…")
            yield " ".join(plain), name


@pytest.mark.parametrize(("text", "name"), list(phrases()))
def test_every_phrase_is_its_choice(text: str, name: str) -> None:
    """In each state that it is for, the phrase takes the choice it stands for."""
    pattern, _, key = name.rpartition(".")
    states = [one for one in matching(FLOWS.states, pattern) if key in FLOWS.choices(one)]
    assert states
    for state in states:
        found = signposts.here(Turn(in_state(state), Event("text", text=text), WORLD, FLOWS))
        choices = FLOWS.choices(state)
        assert found is not None, state
        assert (choices[found].go, choices[found].need) == (choices[key].go, choices[key].need)


@pytest.mark.parametrize("state", [one for one in DANGER if "silent" in FLOWS.choices(one)])
@pytest.mark.parametrize(
    "text", ["no puedo llamar me escuchan", "no tengo saldo", "no puedo hablar esta al costado"]
)
def test_who_cannot_call_is_not_told_to(state: str, text: str) -> None:
    """Whatever stands behind "no puedo llamar": the silent way, not the number again."""
    turn = say(text, in_danger(state))
    assert turn.state == FLOWS.choices(state)["silent"].go


@pytest.mark.parametrize(
    "text",
    [
        "ya se fue",
        "ya estoy a salvo en mi casa",
        "no ahora no estoy en peligro",
        "fue ayer ya paso",
    ],
)
def test_safe_in_her_words(text: str) -> None:
    """That it is over is heard in danger, however she says it."""
    assert say(text, in_danger()).state == "safety.safe"


def test_safe_with_a_but_is_not_safe() -> None:
    """Who says that he is gone but comes back is still in danger."""
    assert say("ya se fue pero va a volver a matarme", in_danger()).state != "safety.safe"


@pytest.mark.parametrize(
    ("text", "reached"),
    [
        ("no peligro no, pero no tengo donde dormir con mi bebe", "basics.roof"),
        ("no, ahorita no", "violence.start"),
        ("ahorita no, fue hace un rato", "violence.start"),
    ],
)
def test_a_no_about_danger_keeps_what_she_needs(text: str, reached: str) -> None:
    """A denial with more behind it is an answer; the need is hers of now, or of before."""
    memory = in_state(
        "safety.ask",
        wish={"intent": "violence", "also": [], "needs": [], "places": ["150101"]},
        wish_text="mi marido me pega",
    )
    turn = say(text, memory)
    assert turn.state == reached
    assert turn.memory.place == "150101"


@pytest.mark.parametrize("text", ["auxilio me esta pegando", "no puedo mas me quiero matar"])
@pytest.mark.parametrize("state", ["violence.start", "papers.start", "screening.p3", "menu.main"])
def test_a_cry_comes_before_any_answer(text: str, state: str) -> None:
    """Outside danger help, nothing that her words may answer hides a cry."""
    assert say(text, in_state(state)).state.startswith("safety.")


def test_a_no_never_hides_the_conversation() -> None:
    """At the gate a sentence that begins with "no" is a message, not "ahora no"."""
    memory = Memory(state="welcome.gate", session="open", tag="t1", heard_at=MONDAY_MORNING)
    assert say("no me pagan mi sueldo hace meses", memory).state == "welcome.gate"


@pytest.mark.parametrize(
    ("state", "text", "need"),
    [
        ("papers.start", "quien me orienta por aqui", "papeles"),
        ("work.unpaid", "a donde voy", "trabajo_sin_pago"),
        ("rights_violence.protection", "adonde voy", "violencia"),
        ("police.start", "donde denuncio eso", "abuso_policial"),
    ],
)
def test_where_to_go_is_for_what_the_state_is_about(state: str, text: str, need: str) -> None:
    """ "Where" looks for the services of the way she is on."""
    turn = say(text, in_state(state))
    assert turn.state.startswith("find_service.")
    assert turn.memory.need == need


def test_one_word_points_at_a_choice() -> None:
    """A word that only one choice before her has is that choice."""
    memory = in_state("rights.topics")
    shown = engine().take_turn(memory, Event("text", text="menu"), WORLD).memory
    topics = engine().take_turn(shown, Event("text", text="mis derechos"), WORLD).memory
    assert say("y lo del trato", topics).state == "rights_respect.topics"


@pytest.mark.parametrize("text", ["tengo 22 años", "soy mayor de edad"])
def test_of_age_is_not_led_to_the_minors(text: str) -> None:
    """An age of 18 or more is never danger to a child."""
    assert not say(text, in_state("menu.main")).state.startswith("minors.")


@pytest.mark.parametrize(
    ("text", "never"),
    [
        ("no me obligan es mi trabajo", "protection.start"),
        ("no me tocaron solo la multa", "police.hurt"),
        ("no es para morirme solo estoy triste", "safety.crisis"),
    ],
)
def test_denied_harm_is_not_acted_upon(text: str, never: str) -> None:
    """What she says is not so does not lead her there."""
    for state in ("menu.main", "police.start", "work.start"):
        assert say(text, in_state(state)).state != never
