"""The questions weighed: every combination of answers comes out as the table of indicators says."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from itertools import combinations, product
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.engine.effects import Risk
from bot.engine.memory import Memory
from bot.engine.questions import TICKS
from bot.engine.screening import (
    QUESTIONS,
    RED,
    SKIPPED,
    TIERS,
    Signs,
    Told,
    answers_of,
    is_settled,
    outcome,
    outcome_of,
    place_of,
    possible,
    risk_of,
    signs_of,
)

TABLE = {
    "P0": {"later": "FUERTE", "called": "ROJO"},
    "P1": {"affirm": "", "deny": ""},
    "P2": {"affirm": "ROJO", "deny": "", "unsure": "FUERTE"},
    "P3": {"affirm": "", "hard": "FUERTE", "deny": "ROJO"},
    "P4": {"affirm": "", "taken": "ROJO", "none": "DÉBIL"},
    "P5": {"force": "ROJO", "quota": "FUERTE", "other": "FUERTE", "deny": ""},
    "P6": {"affirm": "FUERTE", "own": "", "deny": ""},
    "P7": {"affirm": "", "part": "DÉBIL", "deny": "FUERTE"},
    "P8": {"affirm": "", "sometimes": "", "deny": "FUERTE"},
    "P9": {"affirm": "", "changed": "DÉBIL", "lie": "FUERTE", "apart": ""},
    "P10": {"affirm": "", "sometimes": "DÉBIL", "deny": "FUERTE"},
}
"""Annex 4 of the protocol as our table of indicators weighs it; P11 is read from its ticks."""
TOLD = [Told(work, harm) for work, harm in product(("", "sexual", "other"), ("", "someone"))]
Answers = Mapping[str, str | tuple[str, ...]]


class Case(NamedTuple):
    """What the rows of the table ask of a set of answers; equal cases are one."""

    is_danger: bool
    age: str
    is_red: bool
    strong: tuple[str, ...]
    weak: int
    can_leave: bool
    threat: str
    has_papers: bool
    can_refuse: bool
    is_threatened: bool
    is_in_debt: bool


def level(question: str, answer: str | tuple[str, ...]) -> str:
    """The tier of one answer; P11 counts its ticks."""
    if isinstance(answer, str):
        return TABLE.get(question, {}).get(answer, "")
    if "locked" in answer:
        return "ROJO"
    return ("", "DÉBIL", "FUERTE", "FUERTE")[len(answer)]


def case_of(answers: Answers) -> Case:
    """The case of a set of answers, written from the table and not from the code."""
    levels = [(question, level(question, answer)) for question, answer in answers.items()]
    strong = [question for question, tier in levels if tier == "FUERTE"]
    places = ["work" if one in ("P7", "P8", "P11") else "life" for one in strong]
    is_threatened = answers.get("P3") == "deny" or level("P5", answers.get("P5", "")) != ""
    return Case(
        answers.get("P2") == "affirm" or "locked" in answers.get("P11", ()),
        str(answers.get("P1", "")).replace("affirm", ""),
        any(tier == "ROJO" for _, tier in levels),
        tuple(places) if len(places) < 2 else ("two", "or more"),
        sum(tier == "DÉBIL" for _, tier in levels),
        answers.get("P3") == "affirm",
        {"deny": "no", "quota": "quota"}.get(str(answers.get("P5")), ""),
        answers.get("P4") in ("affirm", "none"),
        answers.get("P8") in ("affirm", "sometimes"),
        is_threatened,
        answers.get("P6") == "affirm",
    )


def row_of(case: Case, told: Told) -> int:
    """The first row of the table of outcomes that holds."""
    is_red = case.is_red or (case.is_in_debt and case.is_threatened)
    has_signal = bool(is_red or case.strong or case.weak or told.harm)
    if case.is_danger:
        return 1
    if case.age == "deny" or (case.age == SKIPPED and has_signal):
        return 2
    if is_red or len(case.strong) == 2 or (case.strong and case.weak >= 3):
        return 3
    if told.work == "other" and (case.strong == ("work",) or (not case.strong and case.weak >= 3)):
        return 4
    if case.can_leave and (case.threat == "quota" or told.harm):
        return 5
    is_her_choice = case.can_leave and case.threat == "no" and case.has_papers and case.can_refuse
    if is_her_choice and not case.strong and case.weak < 3:
        return 6
    return 7


def every_answer(question: str) -> list[str | tuple[str, ...]]:
    """All that can be answered: each choice, a skip, for P11 each set of ticks."""
    if question != "P11":
        return [*TABLE[question], SKIPPED]
    return [*(ticks for size in range(5) for ticks in combinations(TICKS, size)), SKIPPED]


def add(signs: Signs, question: str, answer: str | tuple[str, ...]) -> Signs:
    """The code's own weighing of one answer more."""
    return signs.add(question, answer if isinstance(answer, str) else place_of(answer))


@cache
def every_combination() -> tuple[tuple[Signs, Case], ...]:
    """All combinations of answers to P0–P11; those that both weighings see alike are one. It takes
    two seconds, so only who asks for them waits."""
    found: dict[tuple[Signs, Case], Answers] = {(Signs(), case_of({})): {}}
    for question in ("P0", *QUESTIONS):
        further: dict[tuple[Signs, Case], Answers] = {}
        for (signs, _), answers in found.items():
            for answer in every_answer(question):
                longer = {**answers, question: answer}
                further.setdefault((add(signs, question, answer), case_of(longer)), longer)
        found = further
    return tuple(found)


ANSWERS = [(question, answer) for question in QUESTIONS for answer in (*TIERS[question], SKIPPED)]


def test_every_combination_comes_out_as_the_table_says() -> None:
    """63 million combinations and what she told besides: each in its row, each row reached."""
    reached = set()
    for told in TOLD:
        for signs, case in every_combination():
            assert outcome(signs, told) == row_of(case, told), (case, told)
            reached.add(row_of(case, told))
    assert reached == set(range(1, 8))


def test_tiers_are_those_of_the_table() -> None:
    """Each answer that can be given weighs what the table says."""
    points = {"ROJO": 6, "FUERTE": 3, "DÉBIL": 1, "": 0}
    for question, tiers in TABLE.items():
        assert {answer: points[tier] for answer, tier in tiers.items()} == TIERS[question]


def test_skipping_all_leads_to_the_neutral_menu() -> None:
    """Who prefers not to answer anything gets row 7, whatever the kind of work."""
    signs = signs_of(dict.fromkeys(QUESTIONS, SKIPPED))
    assert {outcome(signs, Told(work)) for work in ("", "sexual", "other")} == {7}


def test_no_answer_leads_from_harm_back_to_respect_alone() -> None:
    """From row 3 no further answer leads to a later row: «yo quise» changes nothing."""
    for told, signs in product(TOLD, {signs for signs, _ in every_combination()}):
        if outcome(signs, told) == 3:
            after = {outcome(signs.add(*answer), told) for answer in ANSWERS}
            assert after <= {1, 2, 3}


def test_nothing_leads_from_her_own_choice_to_harm_without_signals() -> None:
    """From row 6 an answer that weighs nothing stays there, and only a red one makes row 3."""
    for told, signs in product(TOLD, {signs for signs, _ in every_combination()}):
        if outcome(signs, told) == 6:
            for question, answer in ANSWERS:
                tier = TIERS[question].get(answer, 0)
                after = outcome(signs.add(question, answer), told)
                assert after != 3 or tier == RED
                assert after == 6 or tier > 0 or question == "P1"


def test_doubt_of_age_with_any_signal_is_the_way_of_who_is_under_18() -> None:
    """A skipped age and one weak sign are enough; without any sign it is not."""
    for question, tiers in TIERS.items():
        for answer, tier in tiers.items():
            signs = signs_of({"P1": SKIPPED, question: answer}) if question != "P1" else None
            if signs is not None and not signs.named & {"P2.affirm", "P11.locked"}:
                assert (outcome(signs, Told()) == 2) == (tier > 0)
    assert outcome(signs_of({"P1": SKIPPED}), Told(harm="someone")) == 2


@given(st.data())
def test_order_of_answers_does_not_matter(data: st.DataObject) -> None:
    """The same answers in any order weigh the same."""
    answers = {
        question: data.draw(st.sampled_from((*TIERS[question], SKIPPED))) for question in QUESTIONS
    }
    shuffled = dict(data.draw(st.permutations(list(answers.items()))))
    told = data.draw(st.sampled_from(TOLD))
    assert outcome(signs_of(shuffled), told) == outcome(signs_of(answers), told)


@given(st.data())
def test_questions_end_exactly_when_nothing_could_change(data: st.DataObject) -> None:
    """What is called possible is what answering the open questions in every way brings."""
    left = tuple(data.draw(st.lists(st.sampled_from(QUESTIONS), max_size=3, unique=True)))
    known = {
        question: data.draw(st.sampled_from((*TIERS[question], SKIPPED)))
        for question in QUESTIONS
        if question not in left
    }
    told = data.draw(st.sampled_from(TOLD))
    ways = product(*((*TIERS[question], SKIPPED) for question in left))
    brought = {outcome(signs_of(known | dict(zip(left, way, strict=True))), told) for way in ways}
    assert possible(signs_of(known), told, left) == brought


@pytest.mark.parametrize(
    ("answers", "level"),
    [
        ({"P2": "affirm"}, "urgent"),
        ({"P1": "deny"}, "urgent"),
        ({"P3": "deny"}, "urgent"),
        ({"P4": "taken"}, "urgent"),
        ({"P5": "force"}, "urgent"),
        ({"P5": "other", "P6": "affirm"}, "urgent"),
        ({"P11": ["left"]}, "urgent"),
        ({"P8": "deny", "P10": "deny"}, "high"),
        ({"P3": "affirm", "P5": "quota"}, "high"),
        ({"P3": "affirm", "P4": "affirm", "P5": "deny", "P8": "affirm"}, "normal"),
        ({"P7": SKIPPED}, "normal"),
        ({}, "normal"),
    ],
)
def test_risk_is_that_of_annex_2(answers: dict[str, str], level: Risk) -> None:
    """Danger, a child, being held, threatened or without papers: today; harm likely: three days."""
    memory = Memory(screening={"asked": list(answers), "outcome": None, "answers": answers})
    assert risk_of(memory) == level
    assert risk_of(Memory()) is None


def test_bad_work_alone_is_high_only_with_a_strong_sign() -> None:
    """Row 4: unpaid is likely harm, three weak signs are not."""
    weak = {"P4": "none", "P7": "part", "P10": "sometimes"}
    for answers, level in (({"P7": "deny"}, "high"), (weak, "normal")):
        memory = Memory(
            screening={"asked": [], "outcome": None, "answers": answers},
            confided={"work": "other"},
        )
        assert outcome_of(memory) == 4
        assert risk_of(memory) == level


def test_danger_spoken_of_settles_everything() -> None:
    """While danger is not over the outcome is danger, and nothing is open to ask."""
    memory = Memory(is_urgent=True, screening={"asked": [], "outcome": None, "answers": {}})
    assert outcome_of(memory) == 1
    assert is_settled(memory)


def test_an_answer_outweighs_what_she_said_before() -> None:
    """What she answers to a question replaces what her words were taken for."""
    memory = Memory(
        confided={"P4": "taken", "work": "sexual"},
        screening={"asked": ["P4"], "outcome": None, "answers": {"P4": "affirm"}},
    )
    assert answers_of(memory) == {"P4": "affirm"}
