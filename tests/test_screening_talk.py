"""The questions asked: every path through the real engine."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from directory_loaded import MONDAY_MORNING
from talking import ASKING, FLOWS, LABEL, WORLD, agreed, engine, kept, say, tap, writing

from bot.engine import questions
from bot.engine.effects import OfferHandoff, OpenHandoff
from bot.engine.folding import fold
from bot.engine.memory import Memory
from bot.engine.screening import answers_of, is_settled, signs_of, told_by
from bot.engine.turn import Event, Turn

ENDS = {
    1: {"safety.now"},
    2: {"minors.start"},
    3: {"protection.start"},
    4: {"work.unpaid"},
    5: {"extortion.start", "violence.start", "police.start"},
    6: {"work.own", "work.start"},
    7: {"situations.topics"},
}


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


def test_not_now_at_the_gate_is_a_strong_sign_only_with_a_call_for_help_a_red_one() -> None:
    """P0 is the calm question: «Ahora no» weighs, and `1` after it weighs more."""
    gate = Memory(state="welcome.gate", session="open", tag="t1", heard_at=MONDAY_MORNING)
    later = say(gate, "no").memory
    assert later.confided == {"P0": "later"}
    later.prompt = [["t1.welcome.later.urgent", "1"]]
    assert say(later, "1").memory.confided == {"P0": "called"}


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
