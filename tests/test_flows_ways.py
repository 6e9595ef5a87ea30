"""What the ways promise: whoever says what is happening is heard, told one thing, and led on."""

from __future__ import annotations

import csv
import re
from itertools import chain
from pathlib import Path

import pytest
from talking import FLOWS
from wording import ACRONYMS, readability

from bot.engine import actions, guards, proofreading, proofs, ways
from bot.engine.choices import match_choice
from bot.engine.definition import State
from bot.engine.folding import fold
from bot.engine.machine import Machine
from bot.errors import ContentError
from directory import lines, needs

ROOT = Path(__file__).parents[1]
FILES = """
    situations violence sexual_violence extortion police health work papers basics home report
    reported undecided protection reintegration care minors peers friend online missing disability
    identity listening
""".split()
STATES = {name: one for name, one in FLOWS.states.items() if name.partition(".")[0] in FILES}
STARTS = [f"{flow}.{'topics' if flow == 'situations' else 'start'}" for flow in FILES]
LISTS = {name for name, one in STATES.items() if "ask" in one.say or set(one.say) == {"heard"}}
ANSWERS = sorted(set(STATES) - LISTS)

with (ROOT / "flows" / "facts.csv").open(encoding="utf-8", newline="") as _file:
    FACTS = {(row["id"], row["confidence"]): row for row in csv.DictReader(_file)}

LINE = re.compile(r"\{line\.(\w+)\}")
FORM = re.compile(r"Según [^.]+, \d{4}\. Confírmalo gratis en el \{line\.legal\}\.$")
WAYS = {
    "G": "1 2 3 4 5 6",
    "A": "1 2 3 4 5 6 6b 7 8",
    "RA": "1 2a 2b 3 4",
    "N": "1 2 2b 3 4",
    "RN": "1 2 3 4 5",
    "ERI": "I II III IV amarilla roja",
    "Riesgo": "urgente alto normal",
    "Corta": "1 2 3 4 5 6 7 8 9 10 11 12 13",
}
"""Every step of the routes: general, adults, children, both new starts, Ecuador, short ones."""
NAMES_A_TOPIC = re.compile(
    r"\b(trabajo sexual|trabajadora sexual|trata\b|explot|violen|violac|violar|golpe|agre[ds]|polic"
    r"|comisar|vih\b|sifilis|condon|pep\b|prep\b|abort|embaraz|pastilla|extors|cupo\b|migra|refugi"
    r"|expuls|extranj|fiscal|denunci|delito|deten|celda|carcel|victima|prostit|sexo\b|sexual|suicid"
    r"|morir|matar|albergue|cliente|amenaz|abogad|trans\b|lgbti)"
)
"""Stricter than the rule for lock screens: what would tell a stranger what the chat is about."""


def spoken(state: State, *, is_short: bool = False) -> str:
    """What entering the state says, as one message, the longest of what depends on her place."""
    texts = [
        one.short if is_short and one.short is not None else one.text or ""
        for one in state.say.values()
        if not {"in_lima", "outside_lima"} & set(one.when)
    ]
    return "\n".join(text.strip() for text in texts if text)


def prose(text: str) -> str:
    """The text as it is read aloud: numbers spoken, no marks, no web address."""
    return re.sub(r"https?:\S+|[*·`]", "", LINE.sub("cien", text)).replace("\n", " ")


def test_ways_pass_what_kuska_check_proves() -> None:
    """Names exist, every state is reached, a person and the menu are near, words keep the rules."""
    known = frozenset(lines.lines())
    found = proofs.problems(FLOWS, known, frozenset(needs.needs()))
    numbers = frozenset(one.number for one in lines.lines().values())
    found += proofreading.problems(FLOWS, numbers)
    mine = tuple(f"{flow}.yaml" for flow in FILES)
    assert [one for one in found if one.startswith(mine)] == []


def test_machine_takes_the_ways() -> None:
    """Every state, guard and action that the flows name exists."""
    Machine(FLOWS, guards.ALL, actions.ALL)


@pytest.mark.parametrize("name", sorted(STATES))
@pytest.mark.parametrize("is_short", [False, True], ids=["whole", "short"])
def test_words_are_short_plain_and_kind(name: str, is_short: bool) -> None:
    """60 words a message, 20 a sentence, INFLESZ 65, no avoided word, a neutral beginning."""
    text = spoken(STATES[name], is_short=is_short)
    words = text.split()
    assert words
    assert len(words) <= 60, len(words)
    for sentence in re.split(r"[.!?:]\s|\n", text):
        assert len(sentence.split()) <= 20, sentence
    score = readability(prose(text))
    assert len(words) < 25 or score >= 65, score
    for pattern in proofreading.AVOIDED:
        assert not pattern.search(fold(text)), pattern.pattern
    assert not NAMES_A_TOPIC.search(fold(text[:60])), text[:60]
    assert "consulado" not in fold(text)


def test_titles_fit_and_name_no_topic_on_a_screen() -> None:
    """At most ten choices of 24 characters (three of 20); a list that names topics is private."""
    for name, state in STATES.items():
        titles = [one.title for one in FLOWS.choices(name).values() if not one.hidden]
        assert len(titles) == len(set(titles)), name
        assert len(titles) <= (12 if state.private else 10), name
        longest = 20 if len(titles) <= 3 and not state.private else 24
        assert max(map(len, titles)) <= longest, (name, max(titles, key=len))
        if not state.private:
            assert not any(NAMES_A_TOPIC.search(fold(title)) for title in titles), (name, titles)


@pytest.mark.parametrize("name", ANSWERS)
def test_answer_ends_with_something_to_do(name: str) -> None:
    """Every answer says that help is free, names a number or two ways, and offers a person."""
    text = spoken(STATES[name])
    choices = FLOWS.choices(name)
    assert re.search(r"gratis|no se paga|sin pag", fold(text)), text
    assert LINE.search(text) or any(one.go == "find_service.start" for one in choices.values())
    assert "person" in choices
    near = {one.go for one in choices.values()}
    further = {one.go for step in near & set(STATES) for one in FLOWS.choices(step).values()}
    assert "find_service.start" in near | further


@pytest.mark.parametrize("name", sorted(set(STARTS) - {"situations.topics"}))
def test_first_answer_is_warm_and_offers_a_way_on(name: str) -> None:
    """It begins by hearing her, then offers a service that helps or steps that lead to one."""
    text = fold(spoken(STATES[name]))
    warm = r"gracias|siento|no es tu culpa|vamos|tu decides|que bueno|hay mas|puedes"
    assert re.search(warm, text[:60]), text[:60]
    assert len(STATES[name].choices) >= 3


def test_facts_say_their_source_and_confidence() -> None:
    """A fact is in the list with that confidence; medium confidence is said in its own form."""
    for name, state in STATES.items():
        for key, one in state.say.items():
            where = f"{name}.{key}"
            assert bool(one.source) == bool(one.confidence), where
            for fact in one.facts:
                row = FACTS.get((fact, one.confidence or ""))
                assert row is not None, (where, fact, one.confidence)
                assert row["said"] == "yes", (where, fact)
            is_medium = one.confidence == "medium"
            assert is_medium == bool(FORM.search(one.text or "")), where


def test_facts_stand_with_their_limits() -> None:
    """Bound facts are always said in the same state; the pill is never named without its hours."""
    bound = {row["id"]: row["with"] for row in FACTS.values() if row["with"]}
    for name, state in STATES.items():
        together = set(chain.from_iterable(one.facts for one in state.say.values()))
        for one in state.say.values():
            assert together.issuperset(one.binds), name
        for fact in together & set(bound):
            assert bound[fact] in together, (name, fact)
        if "R-088" in together:
            assert "hasta 72 horas" in spoken(state), name


def test_law_is_not_told_without_a_source() -> None:
    """A text that speaks of law, crime or what an authority owes her names where it stands."""
    claim = re.compile(
        r"\b(delito|la ley|obligad[ao]s? a avisar|deben? (dar|pagar|atender|explicar|cuidar)"
        r"|nadie puede (quitar|obligar|devolver)|dias habiles|tienes derecho)"
    )
    for name, state in STATES.items():
        for key, one in state.say.items():
            if claim.search(fold(one.text or "")):
                assert one.source, f"{name}.{key}"


def test_police_as_aggressor_never_yields_only_the_police() -> None:
    """Prosecutor and Ombudsman stand in each answer, 1818 only at the end, 105 and 111 never."""
    for name in STATES:
        if name.startswith("police."):
            found = LINE.findall(spoken(STATES[name]))
            assert {"prosecutor", "ombudsman"} <= set(found), name
            assert not {"police", "extortion"} & set(found), name
            assert "complaints" not in found or found[-1] == "complaints", name
            services = {one.need for one in STATES[name].choices.values() if one.need}
            assert "abuso_policial" in services, name
            assert not services & {"policia", "denunciar", "violencia", "extorsion"}, name


@pytest.mark.parametrize("name", sorted(STATES))
def test_danger_choice_leads_to_danger_help(name: str) -> None:
    """`Estoy en peligro ahora` marks the danger and leads to its help; for police, to its own."""
    danger = re.compile(r"peligro ahora|pasando ahora|estan golpeando|no quiero vivir")
    for choice in STATES[name].choices.values():
        if danger.search(fold(choice.title)):
            expected = "safety.police" if name.startswith("police.") else "safety."
            assert choice.go.startswith(expected), name
            assert "note_danger" in choice.do, name


def test_whoever_is_under_18_hears_who_protects() -> None:
    """Every answer names 1810, none offers not to report, the duty is told at the door."""
    young = {name: one for name, one in STATES.items() if name.startswith("minors.")}
    assert len(young) >= 10
    for name, state in young.items():
        assert "children" in LINE.findall(spoken(state)), name
        assert "UPE" in spoken(state), name
        goes = {one.go.partition(".")[0] for one in state.choices.values()}
        assert not goes & {"report", "undecided", "protection"}, name
    door = spoken(STATES["minors.start"])
    assert "tiene que saberlo para cuidarte" in door
    assert "No es tu culpa" in door
    assert {"children", "women"} <= set(LINE.findall(door))


def test_extortion_line_never_stands_alone() -> None:
    """111 has gone unanswered: two other numbers stand beside it."""
    beside = [set(LINE.findall(spoken(state))) for state in STATES.values()]
    assert any("extortion" in found for found in beside)
    assert all({"complaints", "police"} <= found for found in beside if "extortion" in found)


def test_migrants_hear_of_an_organization_before_any_office() -> None:
    """Each answer on papers names an organization or the public defender, no office's number."""
    for name, state in STATES.items():
        if name.startswith("papers."):
            assert set(LINE.findall(spoken(state))) <= {"legal", "ombudsman"}, name
            assert "ONG" in spoken(state), name
            assert "legal" in LINE.findall(spoken(state)), name


def test_sexual_violence_puts_health_first() -> None:
    """Before 72 hours health comes first, free and without a report; later, health all the same."""
    text = fold(spoken(STATES["sexual_violence.recent"]))
    assert text.index("centro de salud") < text.index("denuncia")
    assert "no necesitas denuncia antes" in text
    assert "72 horas" in text
    assert "salud" in fold(spoken(STATES["sexual_violence.older"]))
    assert STATES["sexual_violence.start"].choices["skip"].go == "sexual_violence.recent"


def test_not_reporting_is_respected() -> None:
    """She may take time and change her mind; needs, a plan and numbers follow; nothing presses."""
    state = STATES["undecided.start"]
    assert "cambiar de idea" in spoken(state)
    goes = {one.go for one in state.choices.values()}
    assert {"undecided.needs", "care.start", "undecided.numbers"} <= goes
    assert {"women", "complaints", "legal"} <= set(
        LINE.findall(spoken(STATES["undecided.numbers"]))
    )
    for name in STATES:
        assert not re.search(r"\b(debes|tienes que) denunciar", fold(spoken(STATES[name]))), name


def test_own_work_meets_neither_trafficking_nor_advice_to_leave() -> None:
    """From respect for her work no state one step on names trafficking or another life."""
    near = {"work.own", "work.start", "peers.start", "care.work", "health.start", "extortion.start"}
    for name in near:
        titles = [one.title for one in FLOWS.choices(name).values()]
        text = fold(" ".join([spoken(STATES[name]), *titles]))
        assert not re.search(r"\btrata\b|victima|explotacion|dejar (tu|el|ese)|otra vida", text)


def test_trafficking_is_named_only_where_she_opened_it() -> None:
    """The word stands where she thinks of reporting or of a new start, and nowhere else."""
    opened = {"report.where", "reported.lawyer", "reintegration.gap", "minors.with_family"}
    for name, state in STATES.items():
        titles = [one.title for one in FLOWS.choices(name).values()]
        said = re.search(r"\btrata\b", fold(" ".join([spoken(state), *titles])))
        assert not said or name in opened, name


@pytest.mark.parametrize("name", ["basics.roof", "reported.shelter"])
def test_no_place_is_promised(name: str) -> None:
    """A shelter is asked for through four doors; no place is promised and no address is given."""
    text = spoken(STATES[name])
    assert "No puedo asegurarte" in text
    assert "No hay suficientes plazas" in text
    assert all(door in text for door in ("{line.women}", "CEM", "fiscalía", "SAU"))
    assert not re.search(r"\b(jr|av|calle|jir[oó]n|avenida)\b\.?", text, re.IGNORECASE)


@pytest.mark.parametrize("acronym", ACRONYMS)
def test_acronym_is_explained_where_it_stands(acronym: str) -> None:
    """She may enter at any state, so each one that uses an acronym says what it is."""
    using = [name for name, one in STATES.items() if re.search(rf"\b{acronym}\b", spoken(one))]
    assert using or acronym in ("SIS", "UIT")
    for name in using:
        assert ACRONYMS[acronym].lower() in spoken(STATES[name]).lower(), name


@pytest.mark.parametrize(
    "cry",
    [
        "me quieren matar",
        "me van a matar",
        "no me deja salir",
        "me esta pegando",
        "auxilio",
        "me tienen encerrada",
        "viene por mi",
        "me quiero morir",
        "ayuda me pega",
        "no me dejan salir",
    ],
)
def test_cry_for_help_is_never_taken_for_a_choice(cry: str) -> None:
    """What sounds like danger fits no title here, or one that leads to danger help."""
    for name in STATES:
        choices = list(FLOWS.choices(name).values())
        position = match_choice(cry, [one.title for one in choices])
        assert position is None or choices[position].go.startswith("safety."), name


@pytest.mark.parametrize(
    ("start", "typed", "end"),
    [
        ("situations.topics", ["alguien me hase daño", "que puedo pedir", "como denunsio"],
         "violence.report"),
        ("violence.report", ["por ahora no", "guardar numeros", "3"], "care.start"),
        ("situations.topics", ["me obligan", "denunciar o no", "kiero denunciar", "saltar"],
         "report.where"),
        ("report.where", ["paso tambien en ecuador", "ke es la alerta"], "report.alert"),
        ("situations.topics", ["mi salud", "se rompio el condon", "donde voy"],
         "find_service.start"),
        ("situations.topics", ["otra cosa", "violencia sexual", "menos de 3", "no quieren atender"],
         "health.refused"),
        ("sexual_violence.start", ["fue un polisia", "quien me defiende"], "find_service.start"),
        ("extortion.start", ["la 1", "quien cobra es policia", "me pide plata"], "police.money"),
        ("situations.topics", ["papeles", "temo bolver a mi pais", "quien me orienta"],
         "find_service.start"),
        ("protection.ask", ["empesar de nuevo", "otro trabajo", "fiscalia"], "find_service.start"),
        ("reintegration.start", ["explotacion sexual", "que se firma"], "reintegration.consent"),
        ("minors.start", ["otras preguntas", "voy a cumplir 18", "ya tengo 18"],
         "reintegration.start"),
        ("work.start", ["soy trabajadora sexual", "entre compañeras"], "peers.start"),
        ("home.start", ["me quieren votar", "que dice la ley"], "rights_home.eviction"),
    ],
)  # fmt: skip
def test_typed_titles_lead_to_the_way(start: str, typed: list[str], end: str) -> None:
    """Titles typed with mistakes, cut short or as a number lead from step to step to the end."""
    state = start
    for text in typed:
        choices = list(FLOWS.choices(state).values())
        position = match_choice(text, [one.title for one in choices])
        assert position is not None, (state, text)
        state = choices[position].go
    assert state == end


def test_every_row_of_the_ways_has_its_state() -> None:
    """Each way of care is carried by at least one state that exists; none is listed twice alike."""
    rows = ways.read(ROOT / "flows" / "ways.csv")
    assert len({(row.way, row.state) for row in rows}) == len(rows)
    for family, wanted in WAYS.items():
        listed = {
            row.way.removeprefix(family).strip() for row in rows if row.way.startswith(family)
        }
        assert listed >= set(wanted.split()), family
    assert [row for row in rows if row.state not in FLOWS.states] == []


def test_table_refuses_a_way_without_its_state(tmp_path: Path) -> None:
    """A row that names a state nobody wrote is named with its line."""
    path = tmp_path / "ways.csv"
    path.write_text("way,title,state,note\nA1,Detección,nowhere.start,Hears\n", encoding="utf-8")
    with pytest.raises(ContentError, match=r"ways\.csv:2: `nowhere\.start`"):
        ways.table(FLOWS, path)
    path.write_text("way,title,state,note\nA1,Detección,,Hears\n", encoding="utf-8")
    with pytest.raises(ContentError, match=r"ways\.csv:2"):
        ways.table(FLOWS, path)


def test_table_of_ways_is_the_one_in_the_docs() -> None:
    """`docs/ways.md` is what the command writes from the flows."""
    written = (ROOT / "docs" / "ways.md").read_text(encoding="utf-8")
    assert written == ways.table(FLOWS, ROOT / "flows" / "ways.csv")
