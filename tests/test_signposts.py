"""What people ask for in their own words leads to the choice that answers it, from anywhere."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from talking import FLOWS, WORLD, engine, writing

from bot.engine import signposts
from bot.engine.intents import Understanding
from bot.engine.loader import read
from bot.engine.turn import Event, Turn
from bot.errors import ContentError


def say(text: str, state: str = "menu.main") -> Turn:
    """She writes this, calmly, in this state."""
    memory = writing()
    memory.state = state
    return engine().take_turn(memory, Event("text", text=text), WORLD)


def heard(text: str, understanding: Understanding, state: str = "menu.main") -> Turn:
    """A turn in which this was understood, before anything moved."""
    memory = writing()
    memory.state = state
    return Turn(memory, Event("text", text=text), WORLD, FLOWS, heard=understanding)


def phrases() -> Iterator[tuple[str, str]]:
    """Every phrase of the file, in its plainest form, with the choice it stands for."""
    content, _ = read(signposts.FILE)
    listed = [content[one].items() for one in ("anywhere", "asked", "plain")]
    for name, written in (one for section in listed for one in section):
        for phrase in written:
            yield (
                " ".join(one.split("/")[0].rstrip("*") for one in phrase.split() if one != "…"),
                name,
            )


@pytest.mark.parametrize(("text", "name"), list(phrases()))
def test_every_phrase_leads_to_its_choice(text: str, name: str) -> None:
    """No phrase is hidden behind another that leads elsewhere."""
    state, _, key = name.rpartition(".")
    turn = heard(text, Understanding("other", score=0.2), state)
    post = signposts.plain(turn) or signposts.question(turn) or signposts.anywhere(turn)
    assert post is not None
    meant, found = FLOWS.states[state].choices[key], FLOWS.states[post[0]].choices[post[1]]
    assert (found.go, found.need) == (meant.go, meant.need)


@pytest.mark.parametrize(
    ("text", "state", "reached"),
    [
        ("q se aleje de mi", "undecided.start", "rights_violence.protection"),
        ("mi pareja revisa mi cel como ago pa que no vea esto", "menu.main", "care.phone"),
        ("kiero irme a mi pais no tengo plata pal pasaje", "menu.main", "papers.home"),
        ("me puede parar la policia en la calle?", "menu.main", "rights_police.stop"),
        ("ke pasa si denunsio", "menu.main", "report.steps"),
        ("como la ayudo a ella", "friend.start", "friend.talk"),
        ("me kieren deportar", "menu.main", "rights_migration.expel"),
    ],
)
def test_in_her_words(text: str, state: str, reached: str) -> None:
    """The whole way, through the understanding as it is."""
    assert say(text, state).state == reached


def test_a_title_is_understood_elsewhere() -> None:
    """What a choice of another state says is that choice, when only one thing is so titled."""
    turn = say("cuidarme al trabajar", "papers.start")
    assert turn.state == "care.work"


def test_a_title_of_many_meanings_points_nowhere() -> None:
    """ "A dónde ir" stands for a lawyer here and for a shelter there."""
    assert signposts.titled(heard("a donde ir", Understanding("other", score=0.2))) is None


def test_the_flow_she_is_in_decides_between_titles() -> None:
    """ "Dónde me atienden" after an assault is what serves after an assault."""
    post = signposts.titled(
        heard("donde me atienden", Understanding("other", score=0.2), "sexual_violence.report")
    )
    assert post is not None
    assert FLOWS.states[post[0]].choices[post[1]].need == "violencia_sexual"


@pytest.mark.parametrize(
    "understood",
    [
        Understanding("violence", score=0.9),
        Understanding("danger_now", score=0.9, urgent=True),
    ],
)
def test_harm_comes_first(understood: Understanding) -> None:
    """What is happening to her weighs more than what she names with it."""
    assert signposts.anywhere(heard("que se aleje de mi", understood)) is None


def test_what_she_does_not_want_is_no_signpost() -> None:
    """The word after "no" is not what she asks for."""
    turn = heard("no quiero volver a mi pais", Understanding("other", score=0.2))
    assert signposts.anywhere(turn) is None


def test_the_place_she_names_is_kept() -> None:
    """Where she is need not be said again."""
    turn = say("kiero regresar a mi pais estoy en tumbes")
    assert turn.memory.place == "240101"


def test_a_wrong_signpost_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`kuska check` says file and line of a signpost to no choice."""
    file = tmp_path / "signposts.yaml"
    file.write_text(
        "here: {}\nasked: {}\nanywhere:\n  menu.main.nowhere: [algo asi]\n", encoding="utf-8"
    )
    monkeypatch.setattr(signposts, "FILE", file)
    with pytest.raises(ContentError, match=r"signposts.yaml:4: `menu.main.nowhere`"):
        signposts.check(FLOWS)
