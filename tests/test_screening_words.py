"""The words of the questions, and her own words before and between them."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from talking import ASKING, FLOWS, LABEL, WORLD, agreed, engine, say, tap, writing
from wording import readability

from bot.engine import proofreading, questions, told
from bot.engine.definition import State
from bot.engine.folding import fold
from bot.engine.intents import Understanding
from bot.engine.screening import SKIPPED, TIERS
from bot.engine.turn import Event
from bot.errors import ContentError


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ("me quitaron el pasaporte", {"P4": "taken"}),
        ("mi patrona tiene mis documentos", {"P4": "taken"}),
        ("tengo 16 años", {"P1": "deny"}),
        ("nos cobran cupo en la avenida", {"P5": "quota"}),
        ("no me dejan salir de aqui", {"P3": "deny"}),
        ("no me pagan en la fabrica", {"P7": "deny"}),
        ("soy trabajadora sexual", {"work": "sexual"}),
        ("un policia me pide plata", {"harm": "police"}),
        ("dont let me go out", {"P3": "deny"}),
        ("mi amiga tiene 16 años", {}),
        ("no me pegan", {}),
        ("hola buenas", {}),
    ],
)
def test_what_she_said_is_kept_as_an_answer(text: str, known: dict[str, str]) -> None:
    """Her own words answer a question; what is denied or of somebody else does not."""
    assert say(writing(), text).memory.confided == known


def test_what_she_says_in_a_question_is_heard_and_the_question_stands() -> None:
    """Her words answer another question: she is thanked, and asked on."""
    before = tap(tap(agreed(), "deny").memory, "none").memory
    calmly = replace(WORLD, understand=lambda *_: Understanding("coercion", 0.6))
    event = Event("text", text="me quitaron el pasaporte")
    turn = engine().take_turn(before, event, calmly)
    assert turn.messages[0].text == FLOWS.phrases["screening.heard"]
    assert turn.memory.state == before.state == "screening.p1"
    assert "P4" in turn.memory.confided


def test_listed_choices_exist() -> None:
    """Each choice that counts as said stands in the flows, and none sits in the questions."""
    for wired in told.tellings().taps:
        state, _, key = wired.rpartition(".")
        assert key in FLOWS.choices(state), wired
        assert state not in ASKING


def test_an_answer_that_no_question_has_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slip in told.yaml stops the start instead of being lost."""
    path = tmp_path / "told.yaml"
    path.write_text("phrases:\n  P3:\n    perhaps: [no se]\ntaps: {}\n", encoding="utf-8")
    monkeypatch.setattr(told, "FILE", path)
    told.tellings.cache_clear()
    with pytest.raises(ContentError, match=r"told\.yaml: `P3: perhaps`"):
        told.tellings()
    told.tellings.cache_clear()


def words_of(state: State) -> str:
    """All a question may say, as one message."""
    return "\n".join(one.text or "" for one in state.say.values())


@pytest.mark.parametrize("name", sorted(ASKING))
def test_question_is_gentle(name: str) -> None:
    """To be skipped, with a person beside, private, short titles, a neutral beginning, plain."""
    state = FLOWS.states[name]
    choices = FLOWS.choices(name)
    assert state.private
    assert choices["skip"].title == "Prefiero no responder"
    assert choices["person"].go == "handoff.offer"
    assert {"stop", "pass"} <= set(choices)
    own = [one.title for key, one in choices.items() if key not in ("skip", "person")]
    assert max(map(len, own)) <= 20
    text = words_of(state)
    assert not LABEL.search(fold(text))
    assert not proofreading.SENSITIVE.search(fold(text[:60])), text[:60]
    assert not re.search(r"amenaz|peligro|herida|document|encierr|deuda|debes", fold(text[:60]))
    assert re.search(r"salt|contesta solo si|yo no aviso", fold(text))
    assert readability(re.sub(r"[`«»]", "", text)) >= 65


def test_answers_of_the_flow_are_those_that_are_weighed() -> None:
    """Each shown answer is a key of the table, each key of the table can be answered."""
    kept_by = {name: FLOWS.states[name].choices for name in ASKING}
    for name, choices in kept_by.items():
        given = {key for key, one in choices.items() if "keep_answer" in one.do}
        if ASKING[name] != "P11":
            assert given == set(TIERS[ASKING[name]]), name
    assert SKIPPED not in TIERS["P3"]
    assert all(f"screening.{tick}" in FLOWS.phrases for tick in questions.TICKS)


def test_age_question_says_first_who_must_tell() -> None:
    """The limit of confidence comes before the question, word for word."""
    text = words_of(FLOWS.states["screening.p1"])
    assert text.index("ella sí tiene que avisar") < text.index("¿Tienes 18 años o más?")
