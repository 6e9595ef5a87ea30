"""The questions asked: every path through the real engine, and what she said before them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import pytest
import textstat
from directory_loaded import MONDAY_MORNING, directory

from bot.engine import proofreading, questions, told
from bot.engine.definition import State
from bot.engine.effects import OfferHandoff, OpenHandoff
from bot.engine.folding import fold
from bot.engine.intents import Understanding
from bot.engine.loader import load
from bot.engine.memory import Memory
from bot.engine.screening import (
    QUESTIONS,
    SKIPPED,
    TIERS,
    answers_of,
    is_settled,
    signs_of,
    told_by,
)
from bot.engine.turn import Engine, Event, Turn
from bot.engine.world import Duty, World
from bot.errors import ContentError
from bot.house import hear

ROOT = Path(__file__).parents[1]
FLOWS = load(ROOT / "flows")
ASKING = {f"screening.{question.lower()}": question for question in QUESTIONS}
LABEL = re.compile(
    r"\b(victima\w*|trata|explot\w*|esclav\w*|rescat\w*|salvar\w*|prostitu\w*|otra vida"
    r"|dejar (el|tu|ese) trabajo)\b"
)
ENDS = {
    1: {"safety.now"},
    2: {"minors.start"},
    3: {"protection.start"},
    4: {"work.unpaid"},
    5: {"extortion.start", "violence.start", "police.start"},
    6: {"work.own", "work.start"},
    7: {"situations.topics"},
}
WORLD = World(
    now=MONDAY_MORNING,
    directory=directory(),
    translate=lambda language, context, text: text,
    understand=hear,
    new_tag=lambda: "t1",
    is_pocket_word=lambda folded: False,
    ask_duty=Duty,
    languages={"es": "Español"},
)


@lru_cache(maxsize=1)
def engine() -> Engine:
    """One for all tests: it keeps nothing of a turn."""
    return Engine(FLOWS)


def writing(**known: str) -> Memory:
    """She can write calmly, sees what may be happening, and told these things before."""
    return Memory(
        state="situations.topics",
        session="open",
        tag="t1",
        is_safe=True,
        heard_at=MONDAY_MORNING,
        confided=dict(known),
    )


def tap(memory: Memory, key: str) -> Turn:
    """She takes the choice `key` of where she is."""
    return engine().take_turn(memory, Event("choice", choice=f"t1.{memory.state}.{key}"), WORLD)


def say(memory: Memory, text: str) -> Turn:
    """She writes."""
    return engine().take_turn(memory, Event("text", text=text), WORLD)


def agreed(**known: str) -> Memory:
    """She was asked whether she may be asked, and said yes."""
    return tap(tap(writing(**known), "questions").memory, "affirm").memory


def kept(memory: Memory) -> dict[str, object]:
    """What the questions keep; they have begun."""
    assert memory.screening is not None
    return memory.screening


def every_turn(start: Memory) -> Iterator[Turn]:
    """Each choice shown or hidden on each path from question to question; paths that know the
    same are one."""
    seen: set[object] = set()
    waiting = [start]
    while waiting:
        memory = waiting.pop()
        for wired, _ in memory.prompt:
            turn = engine().take_turn(memory, Event("choice", choice=wired), WORLD)
            yield turn
            after = turn.memory
            answers = answers_of(after)
            alike = (after.state, signs_of(answers), told_by(after), frozenset(answers))
            if after.state in ASKING and alike not in seen:
                seen.add(alike)
                waiting.append(after)


@pytest.mark.parametrize(
    "known",
    [
        {},
        {"work": "other", "P1": "affirm"},
        {"work": "other", "harm": "someone", "P5": "deny", "P11": "none"},
        {"harm": "police", "P1": "affirm", "P3": "affirm"},
        {"P1": "deny"},
        {"P4": "taken"},
        {"P0": "later"},
    ],
    ids=str,
)
def test_every_path_ends_in_its_way(known: dict[str, str]) -> None:
    """At most eleven questions after the calm one, none twice, none she answered before; no label;
    they end when nothing could change or she wants; each outcome leads where it must."""
    start = agreed(**known)
    outcomes = set()
    for turn in every_turn(start):
        memory = turn.memory
        asked = kept(memory)["asked"]
        assert isinstance(asked, list)
        assert len(asked) == len(set(asked)) <= 11
        assert not set(asked) & set(known)
        said = fold("\n".join(message.text for message in turn.messages))
        assert not LABEL.search(said), said
        found = kept(memory)["outcome"]
        if memory.state in ASKING:
            assert found is None
            assert asked[-1] == ASKING[memory.state]
            assert not is_settled(memory) or questions.ticked_any(turn)
        elif memory.state != "handoff.offer":
            assert isinstance(found, int)
            assert memory.state in ENDS[found] | {"safety.child", "safety.police"}
            assert is_settled(memory) or turn.chosen in ("enough", "stop")
            outcomes.add(found)
    assert (
        outcomes
        == {
            "{}": {1, 2, 3, 5, 6, 7},
            "work other P1 affirm": {1, 3, 4, 5, 6, 7},
            "work other harm someone P5 deny P11 none": {1, 2, 3, 4, 5, 7},
            "harm police P1 affirm P3 affirm": {1, 3, 5},
            "P1 deny": {1, 2},
            "P4 taken": {1, 2, 3},
            "P0 later": {1, 2, 3, 7},
        }[" ".join(f"{name} {answer}" for name, answer in known.items()) or "{}"]
    )


@pytest.mark.parametrize(
    ("answers", "asked", "end"),
    [
        (["affirm"], 1, "safety.now"),
        (["deny", "locked"], 2, "safety.now"),
        (["deny", "none", "deny"], 3, "minors.start"),
        (["deny", "none", "affirm", "deny"], 4, "protection.start"),
        (["unsure", "none", "affirm", "hard"], 4, "protection.start"),
        (["deny", "none", "affirm", "affirm", "force"], 5, "protection.start"),
        (["unsure", "none", "skip"], 3, "minors.start"),
        (["deny", "none", "affirm", "affirm", "deny", "affirm", "affirm", "enough"], 8, "work.own"),
        (["deny", "none", "affirm", "affirm", "quota", "enough"], 6, "extortion.start"),
        (["deny", "none", "stop"], 3, "situations.topics"),
        (["skip"] * 11, 11, "situations.topics"),
    ],
)
def test_questions_are_few(answers: list[str], asked: int, end: str) -> None:
    """Whoever is in trouble is led on after one to five questions; after five anybody may stop."""
    memory = agreed()
    for answer in answers:
        memory = tap(memory, answer).memory
    assert memory.state == end
    assert len(kept(memory)["asked"]) == asked  # type: ignore[arg-type]  # a list, as JSON keeps it


def test_nobody_is_asked_before_she_agrees() -> None:
    """The permission sentence comes first; «No» leads on without a question and keeps nothing."""
    turn = tap(writing(), "questions")
    assert turn.messages[-1].text.startswith("¿Te puedo hacer unas preguntas cortas")
    assert turn.memory.screening is None
    turn = tap(turn.memory, "deny")
    assert (turn.memory.state, turn.memory.screening) == ("situations.topics", None)


def test_nothing_is_kept_after_the_session() -> None:
    """Leaving forgets the answers and what she said; a new session knows nothing of them."""
    turn = say(tap(agreed(P4="taken"), "deny").memory, "salir")
    assert turn.memory.screening is None
    assert turn.memory.confided == {}


def test_danger_in_words_cuts_the_questions() -> None:
    """A cry for help ends them with row 1; once she is safe they go on where they stood."""
    turn = say(tap(agreed(), "deny").memory, "auxilio me quiere matar")
    assert turn.memory.state == "safety.now"
    assert kept(turn.memory)["outcome"] == 1
    back = tap(turn.memory, "safe").memory
    again = tap(tap(tap(back, "tell").memory, "questions").memory, "affirm").memory
    assert again.state == "screening.p11"
    assert kept(again) == {"asked": ["P2", "P11"], "outcome": None, "answers": {"P2": "deny"}}


def test_danger_that_is_over_is_not_asked_again() -> None:
    """After «Sí» to danger and «Ya estoy a salvo» the answer is no longer danger."""
    safe = tap(tap(agreed(), "affirm").memory, "safe").memory
    again = tap(tap(tap(safe, "tell").memory, "questions").memory, "affirm").memory
    assert again.state == "screening.p11"
    locked = tap(tap(again, "locked").memory, "safe").memory
    again = tap(tap(tap(locked, "tell").memory, "questions").memory, "affirm").memory
    assert again.state == "screening.p1"
    assert answers_of(again)["P11"] == "left"


@pytest.mark.parametrize(
    ("typed", "ticked"),
    [
        ("1 3", ["sleeps", "hungry"]),
        ("1, 3 y 4", ["sleeps", "hungry", "moved"]),
        ("3 1", ["hungry", "sleeps"]),
        ("duermo donde trabajo y me mudan seguido", ["sleeps", "moved"]),
        ("1 3 3", ["sleeps", "hungry"]),
        ("nada", []),
    ],
)
def test_several_lines_of_one_question(typed: str, ticked: list[str]) -> None:
    """P11 takes several numbers or titles in one message, and then the next question comes."""
    turn = say(tap(agreed(), "deny").memory, typed)
    assert kept(turn.memory)["answers"] == {"P2": "deny", "P11": ticked}
    assert turn.memory.state == "screening.p1"


def test_a_number_that_is_not_there_is_no_answer() -> None:
    """«1 9» is asked again, nothing of it is kept."""
    turn = say(tap(agreed(), "deny").memory, "1 19")
    assert turn.memory.state == "screening.p11"
    assert kept(turn.memory)["answers"] == {"P2": "deny"}


def test_lines_are_ticked_one_by_one_too() -> None:
    """A tapped line is not shown again, and a typed «no» ends the list."""
    turn = tap(tap(agreed(), "deny").memory, "sleeps")
    assert "Duermo donde trabajo" not in [title for _, title in turn.memory.prompt]
    turn = say(tap(turn.memory, "moved").memory, "no")
    assert turn.memory.state == "screening.p1"
    assert answers_of(turn.memory)["P11"] == "several"


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


def test_not_now_at_the_gate_is_a_strong_sign_only_with_a_call_for_help_a_red_one() -> None:
    """P0 is the calm question: «Ahora no» weighs, and `1` after it weighs more."""
    gate = Memory(state="welcome.gate", session="open", tag="t1", heard_at=MONDAY_MORNING)
    later = say(gate, "no").memory
    assert later.confided == {"P0": "later"}
    later.prompt = [["t1.welcome.later.urgent", "1"]]
    assert say(later, "1").memory.confided == {"P0": "called"}


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


def test_risk_reaches_a_counselor_only_in_an_approved_line() -> None:
    """She sees the line with what the answers speak for; without it the level stays behind."""
    memory = agreed()
    for answer in ("deny", "none", "affirm", "deny"):
        memory = tap(memory, answer).memory
    offered = tap(memory, "person")
    line = FLOWS.phrases["handoff.answer_urgent"]
    assert line in offered.memory.summary
    assert OfferHandoff("urgent") in offered.effects
    sent = tap(tap(offered.memory, "send").memory, "never").effects
    assert [one.risk for one in sent if isinstance(one, OpenHandoff)] == ["urgent"]
    changed = tap(tap(offered.memory, "change").memory, "empty").memory
    sent = tap(tap(changed, "send").memory, "never").effects
    assert [one.risk for one in sent if isinstance(one, OpenHandoff)] == ["normal"]


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
    textstat.set_lang("es")
    assert textstat.szigriszt_pazos(re.sub(r"[`«»]", "", text)) >= 65


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
