"""What the rights texts promise: each checked fact is said with its limit, gently and short."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from talking import FLOWS
from wording import ACRONYMS, readability

from bot.engine import actions
from bot.engine.choices import match_choice
from bot.engine.definition import Saying, State
from bot.engine.folding import fold
from bot.engine.proofreading import AVOIDED
from bot.engine.vocabulary import INTENTS

ROOT = Path(__file__).parents[1]
STATES = {name: one for name, one in FLOWS.states.items() if name.startswith("rights")}
LISTS = {name for name in STATES if name.endswith(".topics")}
ANSWERS = sorted(set(STATES) - LISTS)

with (ROOT / "flows" / "facts.csv").open(encoding="utf-8", newline="") as _file:
    FACTS = list(csv.DictReader(_file))
with (ROOT / "directory" / "seed" / "needs.csv").open(encoding="utf-8", newline="") as _file:
    NEEDS = {row["need"] for row in csv.DictReader(_file)}

FORM = re.compile(r"Según (D\. Leg\.|[^.])+, \d{4}\. Confírmalo gratis en el \{line\.legal\}\.$")
LINE = re.compile(r"\{line\.(\w+)\}")
NAMES_A_TOPIC = re.compile(
    r"\b(trabajo sexual|trabajadora sexual|trata\b|explot|violen|violac|violar|golpe|agre[ds]|polic"
    r"|comisar|vih\b|sifilis|condon|pep\b|prep\b|abort|embaraz|pastilla|extors|cupo\b|migra|refugi"
    r"|expuls|extranj|fiscal|denunci|delito|deten|celda|carcel|victima|prostit|sexo\b|sexual|suicid"
    r"|morir|matar|albergue|cliente|amenaz|abogad)"
)
LIMITS = {"R-073": "no puedo asegurarte", "R-088": "hasta 72 horas", "R-092": "por un tiempo"}
"""Facts that are never said without the limit of what is known or of what the law gives."""


def spoken(state: State, *, is_short: bool = False) -> str:
    """What entering the state says, as one message, in full or for somebody with little time."""
    texts = (
        one.short if is_short and one.short is not None else one.text or ""
        for one in state.say.values()
    )
    return "\n".join(text.strip() for text in texts if text)


def pieces() -> Iterator[tuple[str, Saying]]:
    """Every piece that states a fact of the list, with its state."""
    for name, state in STATES.items():
        yield from ((name, one) for one in state.say.values() if one.facts)


def said_in(fact: str) -> set[str]:
    """The states that say a fact."""
    return {name for name, one in pieces() if fact in one.facts}


def test_list_of_facts_is_whole() -> None:
    """All 95 facts are listed once or in parts; what is not said has a reason; low is not said."""
    assert len({row["id"] for row in FACTS}) == 95
    assert len({(row["id"], row["part"]) for row in FACTS}) == len(FACTS)
    for row in FACTS:
        assert row["confidence"] in {"high", "medium", "low"}, row
        assert row["source"], row
        assert row["said"] == "yes" or (row["said"] == "no" and row["reason"]), row
        assert row["confidence"] != "low" or row["said"] == "no", row


@pytest.mark.parametrize("row", FACTS, ids=lambda row: row["id"] + row["part"])
def test_fact_is_said_as_the_list_says(row: dict[str, str]) -> None:
    """A fact stands in a state with its confidence; one that is not said stands nowhere."""
    levels = {one.confidence for _, one in pieces() if row["id"] in one.facts}
    parts = [other for other in FACTS if other["id"] == row["id"] and other["said"] == "yes"]
    if row["said"] == "yes":
        assert row["confidence"] in levels
    assert levels == {other["confidence"] for other in parts}


def test_every_fact_has_a_source_and_its_confidence() -> None:
    """A piece that names facts names its source; a piece with a source names facts of the list."""
    known = {row["id"] for row in FACTS}
    for name, state in STATES.items():
        for key, one in state.say.items():
            assert bool(one.facts) == bool(one.source) == bool(one.confidence), f"{name}.{key}"
            assert known.issuperset(one.facts), f"{name}.{key}"
            assert not (one.facts and one.short is not None), f"{name}.{key} is cut short"


def test_medium_confidence_is_said_as_such() -> None:
    """Whatever is not sure says its source and year and where to confirm it free."""
    medium = [(name, one) for name, one in pieces() if one.confidence == "medium"]
    assert medium
    for name, one in medium:
        assert FORM.search(one.text or ""), name
    for name, one in pieces():
        assert one.confidence == "medium" or "Confírmalo" not in (one.text or ""), name


def test_facts_stand_with_their_limits() -> None:
    """Bound facts are always said in the same state, and three facts carry their limit in words."""
    bound = {(row["id"], row["with"]) for row in FACTS if row["with"]}
    assert len(bound) == 8
    for fact, limit in bound:
        assert said_in(fact) == said_in(limit), (fact, limit)
    for name, one in pieces():
        together = {fact for other in STATES[name].say.values() for fact in other.facts}
        assert together.issuperset(one.binds), name
        for fact, limit in bound:
            assert fact not in one.facts or limit in (*one.binds, *one.facts), name
    for fact, words in LIMITS.items():
        for name in said_in(fact):
            assert words in spoken(STATES[name]).lower(), name


@pytest.mark.parametrize("name", sorted(STATES))
@pytest.mark.parametrize("is_short", [False, True], ids=["whole", "short"])
def test_words_are_short_plain_and_kind(name: str, is_short: bool) -> None:
    """60 words a message, 20 a sentence, INFLESZ 65, glossary §8, a neutral beginning."""
    text = spoken(STATES[name], is_short=is_short)
    words = text.split()
    assert words
    assert len(words) <= 60
    for sentence in re.split(r"[.!?:]\s|\n", text):
        assert len(sentence.split()) <= 20, sentence
    prose = LINE.sub("cien", text).replace("\n", " ")
    assert len(words) < 25 or readability(prose) >= 65
    for pattern in AVOIDED:
        assert not pattern.search(fold(text)), pattern.pattern
    assert not NAMES_A_TOPIC.search(fold(text[:60])), text[:60]
    assert not re.search(r"https?:|www\.|\.pe\b", text)
    assert "consulado" not in fold(text)


def test_titles_fit_and_name_no_topic_on_a_screen() -> None:
    """At most ten choices of 24 characters (three of 20); a list that names topics is private."""
    for name, state in STATES.items():
        titles = [one.title for one in FLOWS.choices(name).values() if not one.hidden]
        assert len(titles) == len(set(titles)), name
        assert len(titles) <= 10, name
        longest = 20 if len(titles) <= 3 and not state.private else 24
        assert max(map(len, titles)) <= longest, name
        assert state.private == (name in LISTS), name
        if not state.private:
            assert not any(NAMES_A_TOPIC.search(fold(title)) for title in titles), name


@pytest.mark.parametrize("name", ANSWERS)
def test_answer_ends_with_something_to_do(name: str) -> None:
    """Every answer says that help is free, names two ways, and offers a service and a person."""
    state = STATES[name]
    text = spoken(state)
    ways = set(LINE.findall(text)) | ({"ONG"} if "ONG" in text else set())
    assert "gratis" in text.lower() or "no se paga" in text
    assert len(ways) >= 2
    choices = FLOWS.choices(name)
    services = [one for one in choices.values() if one.go == "find_service.start"]
    assert services
    assert all(one.need in NEEDS for one in services)
    assert choices["more"].go in LISTS
    assert "person" in choices


def test_every_state_is_asked_for() -> None:
    """Each answer is reached from the list of topics by choices; no way leads nowhere."""
    reached, edge = {"rights.topics"}, ["rights.topics"]
    while edge:
        steps = {one.go for name in edge for one in FLOWS.choices(name).values()}
        assert steps <= set(FLOWS.states)
        edge = sorted((steps & set(STATES)) - reached)
        reached.update(edge)
    assert reached == set(STATES)


def test_moves_name_what_exists() -> None:
    """Every own move goes to a state, for an intent that can be understood."""
    for name, state in STATES.items():
        for move in state.moves:
            assert move.go in FLOWS.states, name
            assert move.intent in INTENTS, name
        for choice in state.choices.values():
            assert set(choice.do) <= set(actions.ALL), name


def test_trafficking_is_named_only_where_she_opened_it() -> None:
    """Somebody who asks about work, police, papers or health never meets the word."""
    for name, state in STATES.items():
        if not name.startswith(("rights_trafficking.", "rights_report.")):
            titles = [one.title for one in FLOWS.choices(name).values()]
            assert not re.search(r"\btrata\b", fold(" ".join([spoken(state), *titles]))), name


def test_whoever_is_under_18_hears_who_protects() -> None:
    """Each answer for children names their line and the unit that protects them."""
    young = [name for name in STATES if name.startswith("rights_young.")]
    assert len(young) == 9
    for name in young:
        assert "{line.children}" in spoken(STATES[name]), name
        assert "UPE" in spoken(STATES[name]), name


def test_police_as_aggressor_never_yields_only_the_police() -> None:
    """Prosecutor and Ombudsman come first, the ministry's own line last, and never 105."""
    for name in ("rights_police.aggressor", "rights_police.refused"):
        lines = LINE.findall(spoken(STATES[name]))
        assert "police" not in lines
        assert {"prosecutor", "ombudsman"} <= set(lines)
        assert lines[0] in {"prosecutor", "ombudsman"}


def test_migrants_hear_of_an_organization_before_any_office() -> None:
    """Every answer on papers names an organization and no office's number."""
    for name in STATES:
        if name.startswith("rights_migration."):
            assert set(LINE.findall(spoken(STATES[name]))) <= {"legal", "ombudsman"}, name
            assert "ONG" in spoken(STATES[name]), name


def test_extortion_line_never_stands_alone() -> None:
    """111 has gone unanswered: another number always stands beside it."""
    beside = [set(LINE.findall(spoken(state))) for state in STATES.values()]
    assert any("extortion" in lines for lines in beside)
    assert all(len(lines) > 1 for lines in beside if "extortion" in lines)


@pytest.mark.parametrize("acronym", ACRONYMS)
def test_acronym_is_explained_where_it_stands(acronym: str) -> None:
    """She may enter at any answer, so each one that uses an acronym says what it is."""
    using = [name for name, one in STATES.items() if re.search(rf"\b{acronym}\b", spoken(one))]
    assert using or acronym in ("CEPR", "ACNUR")
    for name in using:
        assert ACRONYMS[acronym].lower() in spoken(STATES[name]).lower(), name


@pytest.mark.parametrize(
    ("typed", "state"),
    [
        ("me pueden detener", "rights_police.arrest"),
        ("me puden revisar?", "rights_police.search"),
        ("es delito lo que hago", "rights_work.crime"),
        ("me pueden expulsar", "rights_migration.expel"),
        ("puedo pedir azilo", "rights_migration.refuge"),
        ("no tengo dni", "rights_respect.papers"),
        ("policia", "rights_police.topics"),
        ("mi trabajo", "rights_work.topics"),
        ("papeles", "rights_migration.topics"),
        ("refugio", "rights_migration.topics"),
        ("salud", "rights_health.topics"),
        ("me obligan", "rights_trafficking.topics"),
    ],
)
def test_typed_question_reaches_its_answer(typed: str, state: str) -> None:
    """At the list of topics a question in her words, misspelt too, is answered at once."""
    choices = list(FLOWS.choices("rights.topics").values())
    position = match_choice(typed, [one.title for one in choices])
    assert position is not None
    assert choices[position].go == state


@pytest.mark.parametrize(
    "cry",
    [
        "me quieren matar",
        "me van a matar",
        "no me deja salir",
        "auxilio",
        "me tienen encerrada",
        "me quiero morir",
        "no me dejan salir",
    ],
)
def test_cry_for_help_is_never_taken_for_a_choice(cry: str) -> None:
    """What sounds like danger fits no title here, or one that leads to danger help."""
    for name in STATES:
        choices = list(FLOWS.choices(name).values())
        position = match_choice(cry, [one.title for one in choices])
        assert position is None or choices[position].go == "safety.now", name
